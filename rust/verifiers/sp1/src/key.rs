//! The 32-byte program key: a 248-bit number of eight 31-bit limbs, most significant first.

use slop_algebra::{AbstractField, PrimeField32};
use sp1_primitives::SP1Field;

use zkattest_verifier::{Hash, Refusal};

const LIMBS: usize = 8;
const LIMB_BITS: usize = 31;

/// The key of a program, as its 32 bytes and as the eight field elements of the verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramKey {
    bytes: [u8; 32],
    limbs: [SP1Field; LIMBS],
}

impl ProgramKey {
    /// Split the bytes into limbs; every limb must be a canonical field element.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, Refusal> {
        let mut limbs = [SP1Field::zero(); LIMBS];
        // 248 bits fit 31 bytes: the first byte is not part of the number.
        let [top, ..] = bytes;
        if top != 0 {
            return Err(not_canonical(0, u32::from(top) << 24));
        }
        for (index, limb) in limbs.iter_mut().enumerate() {
            let value = limb_at(&bytes, index);
            if value >= SP1Field::ORDER_U32 {
                return Err(not_canonical(index, value));
            }
            *limb = SP1Field::from_canonical_u32(value);
        }
        Ok(Self { bytes, limbs })
    }

    /// Return the key's 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.bytes
    }

    pub(crate) fn limbs(&self) -> &[SP1Field; LIMBS] {
        &self.limbs
    }
}

/// Pack the eight elements that a proof carries into the bytes that a person compares.
pub(crate) fn pack(limbs: &[SP1Field; LIMBS]) -> Hash {
    let mut bytes = [0u8; 32];
    for (index, limb) in limbs.iter().enumerate() {
        for bit in 0..LIMB_BITS {
            let set = limb.as_canonical_u32() >> (LIMB_BITS - 1 - bit) & 1;
            let (byte, shift) = position(index, bit);
            if let Some(byte) = bytes.get_mut(byte) {
                *byte |= u8::from(set == 1) << shift;
            }
        }
    }
    Hash(bytes)
}

fn limb_at(bytes: &[u8; 32], index: usize) -> u32 {
    (0..LIMB_BITS).fold(0, |value, bit| {
        let (byte, shift) = position(index, bit);
        value << 1 | u32::from(bytes.get(byte).copied().unwrap_or(0) >> shift & 1)
    })
}

/// Find a bit of a limb in the 32 bytes: the byte, and the shift within it.
fn position(limb: usize, bit: usize) -> (usize, usize) {
    let at = 8 + limb * LIMB_BITS + bit;
    (at / 8, 7 - at % 8)
}

fn not_canonical(limb: usize, got: u32) -> Refusal {
    Refusal::ProgramKeyNotCanonical {
        limb,
        got,
        modulus: SP1Field::ORDER_U32,
    }
}
