//! The header that blocks have before the fork, of which the first block's parent is the last.

use crate::error::{BlockError, in_header};
use crate::rlp::{Fault, Item};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// So many bytes.
    Fixed(usize),
    /// Any number of bytes.
    Bytes,
    /// A number of at most eight bytes, big-endian.
    Uint64,
    /// A number of at most 32 bytes, big-endian.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsakaHeader<'a>([&'a [u8]; FIELDS.len()]);

/// Decode the one header that `data` is.
///
/// # Errors
/// [`BlockError::Header`], with the field.
pub fn decode(data: &[u8]) -> Result<OsakaHeader<'_>, BlockError> {
    let mut items = Item::only(data)
        .and_then(Item::list)
        .map_err(in_header("header"))?;
    let mut values = [data; FIELDS.len()];
    for (value, (name, kind)) in values.iter_mut().zip(FIELDS) {
        *value = items
            .item()
            .and_then(|item| read(item, kind))
            .map_err(in_header(name))?;
    }
    if items.is_done() {
        Ok(OsakaHeader(values))
    } else {
        Err(in_header("header")(Fault::ExtraField))
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

impl<'a> OsakaHeader<'a> {
    /// Give name, kind and bytes of each field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Kind, &'a [u8])> {
        let named = FIELDS.iter().zip(self.0);
        named.map(|((name, kind), value)| (*name, *kind, value))
    }
}
