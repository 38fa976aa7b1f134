//! Takes fixed pieces off the front of a byte string.

/// What is left of a byte string.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Start at the front.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Take the next `N` bytes, or nothing where fewer are left.
    pub fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(taken)
    }

    /// Take the next `length` bytes, or nothing where fewer are left.
    pub fn take_slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Take a big-endian number of four bytes.
    pub fn take_u32(&mut self) -> Option<u32> {
        self.take().copied().map(u32::from_be_bytes)
    }

    /// Return what is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
