//! The few SSZ shapes the statement needs, read without copying.
//!
//! A general SSZ library copies every byte list element by element; in the guest each copied
//! byte costs cycles that must be proven. These readers hand out slices of the input.

use crate::block::DecodeError;

fn error(field: &'static str, reason: &'static str) -> DecodeError {
    DecodeError::Ssz { field, reason }
}

/// Read `N` bytes at `at`.
pub fn fixed<const N: usize>(
    data: &[u8],
    at: usize,
    field: &'static str,
) -> Result<[u8; N], DecodeError> {
    data.get(at..at.saturating_add(N))
        .and_then(|slice| slice.try_into().ok())
        .ok_or_else(|| error(field, "too short"))
}

/// Read a little-endian `u64` at `at`.
pub fn uint64(data: &[u8], at: usize, field: &'static str) -> Result<u64, DecodeError> {
    fixed::<8>(data, at, field).map(u64::from_le_bytes)
}

fn offset(data: &[u8], at: usize, field: &'static str) -> Result<usize, DecodeError> {
    fixed::<4>(data, at, field).map(|bytes| u32::from_le_bytes(bytes) as usize)
}

/// Cut the variable parts of a container whose offsets stand at `offsets_at`.
///
/// `fixed_size` is the length of the fixed part: the first offset must equal it, the others
/// must not decrease, so a value has one encoding.
pub fn variable_parts<'a, const N: usize>(
    data: &'a [u8],
    offsets_at: [usize; N],
    fixed_size: usize,
    field: &'static str,
) -> Result<[&'a [u8]; N], DecodeError> {
    let mut bounds = Vec::with_capacity(N + 1);
    for at in offsets_at {
        bounds.push(offset(data, at, field)?);
    }
    bounds.push(data.len());
    if bounds.first() != Some(&fixed_size) {
        return Err(error(field, "first offset does not follow the fixed part"));
    }
    let mut parts: [&[u8]; N] = [&[]; N];
    for (part, window) in parts.iter_mut().zip(bounds.windows(2)) {
        let [from, to] = window else { continue };
        *part = data
            .get(*from..*to)
            .ok_or_else(|| error(field, "offsets decrease or overrun"))?;
    }
    Ok(parts)
}

/// Read a list of byte lists.
pub fn byte_lists<'a>(
    data: &'a [u8],
    max_items: usize,
    max_item_bytes: usize,
    field: &'static str,
) -> Result<Vec<&'a [u8]>, DecodeError> {
    if data.is_empty() {
        return Ok(Vec::new());
    }
    let first = offset(data, 0, field)?;
    if first == 0 || first % 4 != 0 || first > data.len() {
        return Err(error(
            field,
            "first offset is not a whole number of offsets",
        ));
    }
    let count = first / 4;
    if count > max_items {
        return Err(error(field, "too many items"));
    }
    let mut out = Vec::with_capacity(count);
    let mut from = first;
    for index in 1..=count {
        let to = if index == count {
            data.len()
        } else {
            offset(data, index * 4, field)?
        };
        let item = data
            .get(from..to)
            .ok_or_else(|| error(field, "offsets decrease or overrun"))?;
        if item.len() > max_item_bytes {
            return Err(error(field, "item is too long"));
        }
        out.push(item);
        from = to;
    }
    Ok(out)
}

/// Write a list of byte lists.
pub fn write_byte_lists<T: AsRef<[u8]>>(out: &mut Vec<u8>, items: &[T]) {
    let mut at = items.len() * 4;
    for item in items {
        write_offset(out, at);
        at += item.as_ref().len();
    }
    for item in items {
        out.extend_from_slice(item.as_ref());
    }
}

/// Write one offset.
pub fn write_offset(out: &mut Vec<u8>, at: usize) {
    out.extend_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
}
