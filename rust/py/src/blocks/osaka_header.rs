//! The header that blocks have before the fork, of which the first block's parent is the last.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::columns::wide;
use super::parse::malformed;
use super::rlp::{Fault, Item, low_u64};
use crate::errors::CoreError;

/// What a field may hold.
#[derive(Clone, Copy)]
enum Kind {
    Fixed(usize),
    Bytes,
    Uint64,
    Word,
}

/// Fields of Osaka's header in the order of its RLP (EIP-1559, 4399, 4844, 4895, 4788, 7685).
const FIELDS: [(&str, Kind); 21] = [
    ("parent_hash", Kind::Fixed(32)),
    ("ommers_hash", Kind::Fixed(32)),
    ("coinbase", Kind::Fixed(20)),
    ("state_root", Kind::Fixed(32)),
    ("transactions_root", Kind::Fixed(32)),
    ("receipt_root", Kind::Fixed(32)),
    ("bloom", Kind::Fixed(256)),
    ("difficulty", Kind::Word),
    ("number", Kind::Uint64),
    ("gas_limit", Kind::Uint64),
    ("gas_used", Kind::Uint64),
    ("timestamp", Kind::Uint64),
    ("extra_data", Kind::Bytes),
    ("prev_randao", Kind::Fixed(32)),
    ("nonce", Kind::Fixed(8)),
    ("base_fee_per_gas", Kind::Uint64),
    ("withdrawals_root", Kind::Fixed(32)),
    ("blob_gas_used", Kind::Uint64),
    ("excess_blob_gas", Kind::Uint64),
    ("parent_beacon_block_root", Kind::Fixed(32)),
    ("requests_hash", Kind::Fixed(32)),
];

/// The bytes of each field, in order.
pub(super) struct OsakaHeader<'a>([&'a [u8]; FIELDS.len()]);

/// Take a header apart, strictly.
pub(super) fn parse(data: &[u8]) -> Result<OsakaHeader<'_>, CoreError> {
    let mut items = Item::only(data)
        .and_then(Item::list)
        .map_err(|fault| malformed("malformed_header", "header", fault))?;
    let mut values = [data; FIELDS.len()];
    for (value, (name, kind)) in values.iter_mut().zip(FIELDS) {
        *value = items
            .item()
            .and_then(|item| read(item, kind))
            .map_err(|fault| malformed("malformed_header", name, fault))?;
    }
    if items.is_done() {
        Ok(OsakaHeader(values))
    } else {
        Err(malformed("malformed_header", "header", Fault::ExtraField))
    }
}

fn read(item: Item<'_>, kind: Kind) -> Result<&[u8], Fault> {
    match kind {
        Kind::Bytes => item.bytes(),
        Kind::Uint64 => item.number(8),
        Kind::Word => item.number(32),
        Kind::Fixed(expected_bytes) => {
            let bytes = item.bytes()?;
            if bytes.len() == expected_bytes {
                Ok(bytes)
            } else {
                Err(Fault::WrongLength { expected_bytes })
            }
        }
    }
}

impl OsakaHeader<'_> {
    /// Give the fields by their names.
    pub(super) fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        for ((name, kind), value) in FIELDS.iter().zip(self.0) {
            match kind {
                Kind::Fixed(_) | Kind::Bytes => fields.set_item(name, PyBytes::new(py, value))?,
                Kind::Uint64 => fields.set_item(name, low_u64(value))?,
                Kind::Word => fields.set_item(name, wide(py, value)?)?,
            }
        }
        Ok(fields)
    }
}
