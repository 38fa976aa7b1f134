//! Takes numbers off the front of a byte string; lengths are held against what is left.

use zkattest_verifier::Refusal;

use crate::MODULUS;

/// A byte string, and how far it is read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Refusal::cut(self.length));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Take a little-endian number of four bytes.
    pub(crate) fn number(&mut self) -> Result<u32, Refusal> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Take a length; what it counts takes at least `unit_bytes` each.
    pub(crate) fn count(&mut self, unit_bytes: usize) -> Result<usize, Refusal> {
        let count = self.number()? as usize;
        if count > self.rest.len() / unit_bytes.max(1) {
            return Err(Refusal::undecodable(format!(
                "a length of {count} at byte {} is out of bounds",
                self.position() - 4
            )));
        }
        Ok(count)
    }

    /// Take a field element, which is below the modulus.
    pub(crate) fn element(&mut self) -> Result<u32, Refusal> {
        let at = self.position();
        let element = self.number()?;
        if element >= MODULUS {
            return Err(Refusal::FieldElementNotCanonical {
                what: format!("the element at byte {at}"),
            });
        }
        Ok(element)
    }

    pub(crate) fn elements(&mut self, count: usize) -> Result<Vec<u32>, Refusal> {
        (0..count).map(|_| self.element()).collect()
    }

    pub(crate) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
