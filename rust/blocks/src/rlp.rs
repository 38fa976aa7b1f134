//! A strict RLP reader over borrowed bytes: one encoding per value, nothing re-encoded.

use thiserror::Error;

/// How an item is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// It ends before its length says.
    #[error("truncated")]
    Truncated,
    /// The same value has a shorter form.
    #[error("not canonical RLP")]
    NotCanonical,
    /// A number begins with a zero.
    #[error("number with a leading zero")]
    LeadingZero,
    /// Bytes follow the one item.
    #[error("trailing bytes")]
    TrailingBytes,
    /// A list ends too early.
    #[error("missing")]
    MissingField,
    /// A list goes on too long.
    #[error("fields after the last one")]
    ExtraField,
    /// It is a byte string.
    #[error("bytes where a list belongs")]
    ExpectedList,
    /// It is a list.
    #[error("a list where bytes belong")]
    ExpectedBytes,
    /// A number is too large for its type.
    #[error("number longer than {limit_bytes} bytes")]
    TooLong {
        /// Most bytes that it may have.
        limit_bytes: usize,
    },
    /// A string has another length than its type.
    #[error("not {expected_bytes} bytes long")]
    WrongLength {
        /// Bytes that it has to have.
        expected_bytes: usize,
    },
}

/// One item: what it is, what it holds, and all of its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Whether it is a list or a byte string.
    pub is_list: bool,
    /// What follows the head.
    pub payload: &'a [u8],
    /// Head and payload.
    pub whole: &'a [u8],
}

impl<'a> Item<'a> {
    /// Read the one item that `data` is.
    pub fn only(data: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(data);
        let item = reader.item()?;
        if reader.is_done() {
            Ok(item)
        } else {
            Err(Fault::TrailingBytes)
        }
    }

    /// Open a list.
    pub fn list(self) -> Result<Reader<'a>, Fault> {
        if self.is_list {
            Ok(Reader::new(self.payload))
        } else {
            Err(Fault::ExpectedList)
        }
    }

    /// Take the bytes of a string.
    pub fn bytes(self) -> Result<&'a [u8], Fault> {
        if self.is_list {
            Err(Fault::ExpectedBytes)
        } else {
            Ok(self.payload)
        }
    }

    /// Take a string of fixed length.
    pub fn fixed<const N: usize>(self) -> Result<&'a [u8; N], Fault> {
        self.bytes()?
            .try_into()
            .map_err(|_| Fault::WrongLength { expected_bytes: N })
    }

    /// Take a number of at most `limit_bytes` bytes, big-endian, without leading zeros.
    pub fn number(self, limit_bytes: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.bytes()?;
        if bytes.first() == Some(&0) {
            return Err(Fault::LeadingZero);
        }
        if bytes.len() > limit_bytes {
            return Err(Fault::TooLong { limit_bytes });
        }
        Ok(bytes)
    }

    /// Take a number of at most eight bytes.
    pub fn uint64(self) -> Result<u64, Fault> {
        self.number(8).map(low_u64)
    }
}

/// Read the low 64 bits of a big-endian number.
#[must_use]
pub fn low_u64(number: &[u8]) -> u64 {
    number
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Items one after another.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Read from the beginning of `rest`.
    #[must_use]
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Count the bytes that are left.
    #[must_use]
    pub fn remaining_bytes(&self) -> usize {
        self.rest.len()
    }

    /// Tell whether nothing is left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Take the next item.
    pub fn item(&mut self) -> Result<Item<'a>, Fault> {
        let &first = self.rest.first().ok_or(Fault::MissingField)?;
        let (is_list, head, payload_bytes) = match first {
            0x00..=0x7f => (false, 0, 1),
            0x80..=0xb7 => (false, 1, usize::from(first - 0x80)),
            0xb8..=0xbf => self.long_length(false, usize::from(first - 0xb7))?,
            0xc0..=0xf7 => (true, 1, usize::from(first - 0xc0)),
            0xf8..=0xff => self.long_length(true, usize::from(first - 0xf7))?,
        };
        let end = payload_bytes.checked_add(head).ok_or(Fault::Truncated)?;
        let (whole, rest) = self.rest.split_at_checked(end).ok_or(Fault::Truncated)?;
        let payload = whole.get(head..).unwrap_or_default();
        if first == 0x81 && payload.first().is_some_and(|byte| *byte < 0x80) {
            return Err(Fault::NotCanonical);
        }
        self.rest = rest;
        Ok(Item {
            is_list,
            payload,
            whole,
        })
    }

    /// Read a length that stands in `size` bytes of its own.
    fn long_length(&self, is_list: bool, size: usize) -> Result<(bool, usize, usize), Fault> {
        let length = self.rest.get(1..=size).ok_or(Fault::Truncated)?;
        if length.first() == Some(&0) {
            return Err(Fault::NotCanonical);
        }
        let length = usize::try_from(low_u64(length)).map_err(|_| Fault::Truncated)?;
        if length < 56 {
            return Err(Fault::NotCanonical);
        }
        Ok((is_list, 1 + size, length))
    }
}

/// Write the head of a list whose payload has `payload_bytes` bytes.
#[must_use]
pub fn list_head(payload_bytes: usize) -> Vec<u8> {
    if payload_bytes < 56 {
        return vec![0xc0_u8.wrapping_add(payload_bytes.to_le_bytes()[0])];
    }
    let length: Vec<u8> = payload_bytes
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let mut head = vec![0xf7_u8.wrapping_add(length.len().to_le_bytes()[0])];
    head.extend(length);
    head
}

/// Append a number.
pub fn write_number(out: &mut Vec<u8>, value: u64) {
    let bytes: Vec<u8> = value
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    match bytes.as_slice() {
        [byte] if *byte < 0x80 => out.push(*byte),
        _ => {
            out.push(0x80_u8.wrapping_add(bytes.len().to_le_bytes()[0]));
            out.extend(bytes);
        }
    }
}
