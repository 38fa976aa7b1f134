//! One transaction of Osaka (types 0 to 4), read where it lies: the values that rules look at, and
//! what was signed.

use ethrex_crypto::keccak::Keccak256;
use thiserror::Error;
use zkattest_signatures::Signature;

use crate::rlp::{Fault, Item, Reader, list_head, low_u64, write_number};

/// Bytes of a 256-bit number.
const WORD: usize = 32;
/// Prefix of what an EIP-7702 authorization signs.
const AUTHORIZATION_MAGIC: u8 = 0x05;

/// Why bytes are not a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransactionFault {
    /// The type byte is none that Osaka has.
    #[error("unknown type {0}")]
    UnknownType(u8),
    /// A field is malformed.
    #[error("{field}: {fault}")]
    Field {
        /// Which field.
        field: &'static str,
        /// How it is malformed.
        fault: Fault,
    },
}

/// The values of one transaction; wide numbers stay as the bytes of the block.
#[derive(Debug, Default)]
pub struct Transaction<'a> {
    /// 0 to 4.
    pub tx_type: u8,
    /// Absent where a legacy transaction is not bound to a chain.
    pub chain_id: Option<Vec<u8>>,
    /// Whether a legacy `v` has none of its known forms; small ones look like a parity.
    pub has_unknown_v: bool,
    /// As in the transaction.
    pub nonce: u64,
    /// Gas limit.
    pub gas: u64,
    /// Wei a gas; the gas price of types 0 and 1.
    pub max_fee_per_gas: &'a [u8],
    /// Wei a gas; the gas price of types 0 and 1.
    pub max_priority_fee_per_gas: &'a [u8],
    /// Absent where the transaction creates a contract.
    pub to: Option<&'a [u8]>,
    /// Wei.
    pub value: &'a [u8],
    /// Bytes of calldata or initcode.
    pub data_bytes: usize,
    /// How many of them are zero.
    pub data_zero_bytes: usize,
    /// Entries of the access list.
    pub access_list_addresses: usize,
    /// Storage keys in all entries.
    pub access_list_keys: usize,
    /// Wei a blob gas.
    pub max_fee_per_blob_gas: &'a [u8],
    /// One for each blob.
    pub blob_versioned_hashes: Vec<&'a [u8; 32]>,
    /// What each authorization signs, with its signature.
    pub authorizations: Vec<Signature>,
    /// 0 or 1; for a legacy `v` of no known form, `v` itself.
    pub y_parity: Vec<u8>,
    /// Of the signature.
    pub r: &'a [u8],
    /// Of the signature.
    pub s: &'a [u8],
    /// What was signed; None where `v` has no known form.
    signed: Option<Signed<'a>>,
}

/// What a signature is for: a type, and a list of fields as they lie in the transaction.
#[derive(Debug)]
struct Signed<'a> {
    /// Byte before the list; a legacy transaction has none.
    prefix: Option<u8>,
    fields: &'a [u8],
    /// Fields that only the signed list has: those of EIP-155.
    more: Vec<u8>,
}

impl Transaction<'_> {
    /// Hash what was signed; zeros where `v` has no known form.
    #[must_use]
    pub fn signing_hash(&self) -> [u8; 32] {
        self.signed.as_ref().map_or([0; 32], |signed| {
            hash_list(signed.prefix.as_slice(), &[signed.fields, &signed.more])
        })
    }

    /// Give what recovery needs; it hashes, which is most of the work of reading a transaction.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature::new(self.signing_hash(), &self.y_parity, self.r, self.s)
    }
}

/// Decode the canonical bytes of a transaction.
///
/// # Errors
/// [`TransactionFault`], with the field.
pub fn decode(raw: &[u8]) -> Result<Transaction<'_>, TransactionFault> {
    match raw.split_first() {
        Some((tx_type @ 1..=4, payload)) => typed(*tx_type, payload),
        Some((0xc0..=0xff, _)) => legacy(raw),
        Some((tx_type, _)) => Err(TransactionFault::UnknownType(*tx_type)),
        None => Err(TransactionFault::Field {
            field: "type",
            fault: Fault::MissingField,
        }),
    }
}

/// Takes the fields of a list in their order, and names the one that is malformed.
struct Fields<'a> {
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    fn open(data: &'a [u8]) -> Result<Self, TransactionFault> {
        let reader = Item::only(data)
            .and_then(Item::list)
            .map_err(at("transaction"))?;
        Ok(Self { reader })
    }

    fn take<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(Item<'a>) -> Result<T, Fault>,
    ) -> Result<T, TransactionFault> {
        self.reader.item().and_then(read).map_err(at(field))
    }

    fn uint64(&mut self, field: &'static str) -> Result<u64, TransactionFault> {
        self.take(field, Item::uint64)
    }

    fn word(&mut self, field: &'static str) -> Result<&'a [u8], TransactionFault> {
        self.take(field, |item| item.number(WORD))
    }

    fn finish(&self) -> Result<(), TransactionFault> {
        if self.reader.is_done() {
            Ok(())
        } else {
            Err(at("transaction")(Fault::ExtraField))
        }
    }
}

fn at(field: &'static str) -> impl FnOnce(Fault) -> TransactionFault {
    move |fault| TransactionFault::Field { field, fault }
}

/// Decode types 1 to 4; the type decides which fields there are.
fn typed(tx_type: u8, payload: &[u8]) -> Result<Transaction<'_>, TransactionFault> {
    let mut fields = Fields::open(payload)?;
    let mut tx = Transaction {
        tx_type,
        ..Transaction::default()
    };
    tx.chain_id = Some(fields.word("chain_id")?.to_vec());
    tx.nonce = fields.uint64("nonce")?;
    if tx_type == 1 {
        tx.max_fee_per_gas = fields.word("gas_price")?;
        tx.max_priority_fee_per_gas = tx.max_fee_per_gas;
    } else {
        tx.max_priority_fee_per_gas = fields.word("max_priority_fee_per_gas")?;
        tx.max_fee_per_gas = fields.word("max_fee_per_gas")?;
    }
    common_fields(&mut tx, &mut fields)?;
    (tx.access_list_addresses, tx.access_list_keys) = fields.take("access_list", access_list)?;
    if tx_type == 3 {
        tx.max_fee_per_blob_gas = fields.word("max_fee_per_blob_gas")?;
        tx.blob_versioned_hashes = fields.take("blob_versioned_hashes", versioned_hashes)?;
    }
    if tx_type == 4 {
        tx.authorizations = fields.take("authorization_list", authorizations)?;
    }
    tx.signed = Some(Signed {
        prefix: Some(tx_type),
        fields: signed_part(payload, &fields),
        more: Vec::new(),
    });
    tx.y_parity = fields.word("y_parity")?.to_vec();
    tx.r = fields.word("r")?;
    tx.s = fields.word("s")?;
    fields.finish()?;
    Ok(tx)
}

/// Decode type 0, with the chain id of EIP-155 in `v` or without one.
fn legacy(raw: &[u8]) -> Result<Transaction<'_>, TransactionFault> {
    let mut fields = Fields::open(raw)?;
    let mut tx = Transaction {
        nonce: fields.uint64("nonce")?,
        ..Transaction::default()
    };
    tx.max_fee_per_gas = fields.word("gas_price")?;
    tx.max_priority_fee_per_gas = tx.max_fee_per_gas;
    common_fields(&mut tx, &mut fields)?;
    let unsigned = signed_part(raw, &fields);
    let v = fields.word("v")?;
    tx.r = fields.word("r")?;
    tx.s = fields.word("s")?;
    fields.finish()?;
    // EIP-155: v = 35 + 2 * chain_id + parity; before it 27 + parity. Chain ids have 64 bits here.
    match (v.len() <= 8).then(|| low_u64(v)) {
        Some(v @ (27 | 28)) => {
            tx.y_parity = number(v - 27);
            tx.signed = Some(Signed {
                prefix: None,
                fields: unsigned,
                more: Vec::new(),
            });
        }
        Some(v @ 35..) => {
            let mut more = Vec::new();
            write_number(&mut more, (v - 35) / 2);
            // Two empty values follow the chain id in what is signed.
            more.extend([0x80, 0x80]);
            tx.chain_id = Some(number((v - 35) / 2));
            tx.y_parity = number((v - 35) % 2);
            tx.signed = Some(Signed {
                prefix: None,
                fields: unsigned,
                more,
            });
        }
        _ => {
            tx.has_unknown_v = true;
            tx.y_parity = v.to_vec();
        }
    }
    Ok(tx)
}

fn common_fields<'a>(
    tx: &mut Transaction<'a>,
    fields: &mut Fields<'a>,
) -> Result<(), TransactionFault> {
    tx.gas = fields.uint64("gas")?;
    tx.to = fields.take("to", |item| match item.bytes()? {
        [] => Ok(None),
        bytes if bytes.len() == 20 => Ok(Some(bytes)),
        _ => Err(Fault::WrongLength { expected_bytes: 20 }),
    })?;
    tx.value = fields.word("value")?;
    let data = fields.take("data", Item::bytes)?;
    tx.data_bytes = data.len();
    tx.data_zero_bytes = data.iter().filter(|byte| **byte == 0).count();
    Ok(())
}

/// Count the addresses and the keys of an access list.
fn access_list(item: Item<'_>) -> Result<(usize, usize), Fault> {
    let (mut addresses, mut keys) = (0, 0);
    let mut entries = item.list()?;
    while !entries.is_done() {
        let mut entry = entries.item()?.list()?;
        entry.item()?.fixed::<20>()?;
        let mut slots = entry.item()?.list()?;
        while !slots.is_done() {
            slots.item()?.fixed::<32>()?;
            keys += 1;
        }
        end_of(&entry)?;
        addresses += 1;
    }
    Ok((addresses, keys))
}

fn versioned_hashes(item: Item<'_>) -> Result<Vec<&[u8; 32]>, Fault> {
    let mut reader = item.list()?;
    let mut hashes = Vec::new();
    while !reader.is_done() {
        hashes.push(reader.item()?.fixed()?);
    }
    Ok(hashes)
}

fn authorizations(item: Item<'_>) -> Result<Vec<Signature>, Fault> {
    let mut reader = item.list()?;
    let mut list = Vec::new();
    while !reader.is_done() {
        let tuple = reader.item()?;
        let mut fields = tuple.list()?;
        fields.item()?.number(WORD)?;
        fields.item()?.fixed::<20>()?;
        fields.item()?.uint64()?;
        let rest = fields.clone();
        let y_parity = fields.item()?.number(1)?;
        let (r, s) = (fields.item()?.number(WORD)?, fields.item()?.number(WORD)?);
        end_of(&fields)?;
        let signed = tuple.payload.len() - rest.remaining_bytes();
        let hash = hash_list(
            &[AUTHORIZATION_MAGIC],
            &[tuple.payload.get(..signed).unwrap_or(&[])],
        );
        list.push(Signature::of_authority(hash, y_parity, r, s));
    }
    Ok(list)
}

fn end_of(reader: &Reader<'_>) -> Result<(), Fault> {
    if reader.is_done() {
        Ok(())
    } else {
        Err(Fault::ExtraField)
    }
}

/// Cut the fields read so far out of a list; a signature follows them.
fn signed_part<'a>(list: &'a [u8], fields: &Fields<'a>) -> &'a [u8] {
    let payload = Item::only(list)
        .map(|item| item.payload)
        .unwrap_or_default();
    payload
        .get(..payload.len() - fields.reader.remaining_bytes())
        .unwrap_or_default()
}

/// Hash `prefix` and a list of these items.
fn hash_list(prefix: &[u8], payload: &[&[u8]]) -> [u8; 32] {
    let head = list_head(payload.iter().map(|part| part.len()).sum());
    let mut hash = Keccak256::new().update(prefix).update(head);
    for part in payload {
        hash = hash.update(part);
    }
    hash.finalize()
}

fn number(value: u64) -> Vec<u8> {
    value
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect()
}
