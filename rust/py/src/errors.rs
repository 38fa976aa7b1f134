//! The one place where Rust errors and panics become Python exceptions.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use pyo3::{
    create_exception,
    exceptions::{PyException, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict},
};

create_exception!(
    zkattest._core,
    Refused,
    PyException,
    "Refuse an input: `args` are the reason word and a dictionary of operands."
);
create_exception!(
    zkattest._core,
    CannotCheck,
    PyException,
    "Give no verdict: `args` are the word of the cause and one line of detail."
);

/// An operand of a refusal, as Python sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    /// An unsigned integer.
    Int(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// Words for a person.
    Text(String),
}

/// What a function of this module can answer instead of a result.
///
/// Each file turns its own errors into this one with a `From` beside the functions it has.
#[derive(Debug)]
pub(crate) enum CoreError {
    /// The input is refused, with a word of `zkattest.spec.reasons.Reason`.
    Refused {
        reason: &'static str,
        operands: Vec<(&'static str, Operand)>,
    },
    /// Nothing can be said, with a word of `zkattest.spec.reasons.Cause`.
    CannotCheck { cause: &'static str, detail: String },
    /// The caller broke the function's contract: a bug on the Python side.
    Misuse(String),
}

impl From<CoreError> for PyErr {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::Refused { reason, operands } => Python::attach(|py| {
                let dictionary = PyDict::new(py);
                match operands
                    .into_iter()
                    .try_for_each(|(name, operand)| match operand {
                        Operand::Int(value) => dictionary.set_item(name, value),
                        Operand::Bytes(value) => {
                            dictionary.set_item(name, PyBytes::new(py, &value))
                        }
                        Operand::Text(value) => dictionary.set_item(name, value),
                    }) {
                    Ok(()) => Refused::new_err((reason, dictionary.unbind())),
                    Err(error) => error,
                }
            }),
            CoreError::CannotCheck { cause, detail } => CannotCheck::new_err((cause, detail)),
            CoreError::Misuse(message) => PyValueError::new_err(message),
        }
    }
}

/// Run `work` without the GIL; a panic in it becomes "cannot check", never a crash or a verdict.
///
/// PyO3's own `PanicException` derives from `BaseException` and would escape every shell.
pub(crate) fn guarded<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, CoreError> + Send,
) -> PyResult<T> {
    // Unwind safety: a panicking `work` is dropped whole, and what it borrows is immutable.
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    outcome
        .unwrap_or_else(|panic| Err(backend_panic(&*panic)))
        .map_err(PyErr::from)
}

fn backend_panic(panic: &(dyn Any + Send)) -> CoreError {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    CoreError::CannotCheck {
        cause: "backend_panic",
        detail: message.to_owned(),
    }
}

/// Add the exceptions, and keep contained panics off standard error.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The hook belongs to this library alone: `std` is linked into it. The message is not lost, it
    // travels in the exception.
    std::panic::set_hook(Box::new(|_| ()));
    module.add("Refused", module.py().get_type::<Refused>())?;
    module.add("CannotCheck", module.py().get_type::<CannotCheck>())
}
