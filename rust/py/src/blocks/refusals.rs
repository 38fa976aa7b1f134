//! The words and operands with which Python hears what the decoders refuse.

use zkattest_blocks::accounts::TooManySteps;
use zkattest_blocks::{BlockError, TransactionFault, WitnessFault};

use crate::errors::{CoreError, Operand};

const OUT_OF_RESOURCES: &str = "out_of_resources";

impl From<TooManySteps> for CoreError {
    fn from(error: TooManySteps) -> Self {
        Self::CannotCheck {
            cause: OUT_OF_RESOURCES,
            detail: error.to_string(),
        }
    }
}

impl From<BlockError> for CoreError {
    fn from(error: BlockError) -> Self {
        let (reason, operands) = match error {
            BlockError::TooLarge {
                got_bytes,
                limit_bytes,
            } => (
                "block_too_large",
                vec![
                    ("got", Operand::Int(got_bytes as u64)),
                    ("limit", Operand::Int(limit_bytes as u64)),
                ],
            ),
            BlockError::TooManyTransactions { .. } => {
                return Self::CannotCheck {
                    cause: OUT_OF_RESOURCES,
                    detail: error.to_string(),
                };
            }
            BlockError::Block { field, fault } => ("malformed_block", malformed(field, fault)),
            BlockError::Header { field, fault } => ("malformed_header", malformed(field, fault)),
            BlockError::Transaction { index, fault } => transaction(index, fault),
            BlockError::Withdrawal { index, fault } => (
                "malformed_withdrawal",
                vec![
                    ("index", Operand::Int(index as u64)),
                    ("detail", Operand::Text(fault.to_string())),
                ],
            ),
        };
        Self::Refused { reason, operands }
    }
}

type Operands = Vec<(&'static str, Operand)>;

fn malformed(field: &str, fault: impl ToString) -> Operands {
    vec![
        ("field", Operand::Text(field.to_owned())),
        ("detail", Operand::Text(fault.to_string())),
    ]
}

fn transaction(index: usize, fault: TransactionFault) -> (&'static str, Operands) {
    let mut operands = vec![("index", Operand::Int(index as u64))];
    match fault {
        TransactionFault::UnknownType(tx_type) => {
            operands.push(("got", Operand::Int(tx_type.into())));
            ("unknown_transaction_type", operands)
        }
        TransactionFault::Field { field, fault } => {
            operands.extend(malformed(field, fault));
            ("malformed_transaction", operands)
        }
    }
}

/// Give the word of the cause.
pub(super) fn cause(fault: &WitnessFault) -> &'static str {
    match fault {
        WitnessFault::MissingNode { .. } => "missing_node",
        WitnessFault::MalformedNode { .. } => "malformed_node",
        WitnessFault::MissingCode { .. } => "missing_code",
    }
}
