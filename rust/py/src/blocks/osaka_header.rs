//! Python values of the header that blocks have before the fork.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use zkattest_blocks::OsakaHeader;
use zkattest_blocks::osaka_header::Kind;
use zkattest_blocks::rlp::low_u64;

use super::columns::wide;

/// Give the fields by their names.
pub(super) fn fields<'py>(
    py: Python<'py>,
    header: &OsakaHeader<'_>,
) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    for (name, kind, value) in header.fields() {
        match kind {
            Kind::Fixed(_) | Kind::Bytes => fields.set_item(name, PyBytes::new(py, value))?,
            Kind::Uint64 => fields.set_item(name, low_u64(value))?,
            Kind::Word => fields.set_item(name, wide(py, value)?)?,
        }
    }
    Ok(fields)
}
