//! The header of EIP-7886, read strictly.

use zkattest_execution::Header;

use crate::error::{BlockError, HeaderFault, in_header};
use crate::rlp::{Fault, Item, Reader};

/// Decode the one header that `data` is.
///
/// # Errors
/// [`BlockError::Header`], with the field where one is known.
pub fn decode(data: &[u8]) -> Result<Header, BlockError> {
    // The reader of the crate is lenient about lengths; this one is not.
    let got = Item::only(data)
        .and_then(Item::list)
        .and_then(count)
        .map_err(in_header("header"))?;
    if got != Header::FIELDS.len() {
        return Err(in_header("header")(HeaderFault::Fields { got }));
    }
    Header::decode(data).map_err(|error| {
        let text = error.to_string();
        // The crate names the field between quotes.
        let named = text.split('\'').nth(1);
        let field = Header::FIELDS.iter().find(|name| Some(**name) == named);
        in_header(field.copied().unwrap_or("header"))(HeaderFault::Value(text))
    })
}

/// Count the items of a list.
pub(crate) fn count(mut reader: Reader<'_>) -> Result<usize, Fault> {
    let mut items = 0;
    while !reader.is_done() {
        reader.item()?;
        items += 1;
    }
    Ok(items)
}
