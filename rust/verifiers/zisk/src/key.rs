//! The program key, and the key of the circuit that aggregates every program's proofs.

use proofman_fields::{Goldilocks, PrimeField64};
use zkattest_verifier::{Hash, Refusal};

/// Version of the circuit that is verified, by the release that made its keys.
pub const CIRCUIT_VERSION: &str = "1.1.0-alpha";
/// Hash family of that circuit; every proof names it.
///
/// The proof does not bind the name, so another one would be a second encoding.
pub const HASH_FAMILY: &str = "Poseidon1";
/// Words of a program key.
pub(crate) const KEY_WORDS: usize = 4;

/// Root of the constants of the circuit `vadcop_final_compressed` of [`CIRCUIT_VERSION`].
///
/// Source: `provingKey/zisk/vadcop_final_compressed/vadcop_final_compressed.verkey.json` of the
/// release. One row, one version: the constraints are compiled into `proofman-verifier`, so another
/// version is another version of that crate.
pub(crate) const AGGREGATION_KEY: [u64; 4] = [
    16_370_293_013_691_533_579,
    6_864_437_907_249_201_182,
    12_605_075_787_481_351_281,
    11_365_126_049_963_943_544,
];

/// A program key: the Merkle root of the program's ROM, canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramKey {
    bytes: [u8; 32],
}

impl ProgramKey {
    /// Read four little-endian words; each must be below the modulus of the field.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, Refusal> {
        for (index, word) in bytes.as_chunks().0.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            if word >= Goldilocks::ORDER_U64 {
                return Err(Refusal::ProgramKeyMalformed {
                    detail: format!("word {index} is not below the modulus: {word}"),
                });
            }
        }
        Ok(Self { bytes })
    }

    /// Refuse the words of a proof that are those of another program.
    pub(crate) fn require(&self, words: &[u64]) -> Result<(), Refusal> {
        let mut got = [0; 32];
        for (bytes, word) in got.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        if got != self.bytes {
            return Err(Refusal::ProgramKeyMismatch {
                expected: Hash(self.bytes),
                got: Hash(got),
            });
        }
        Ok(())
    }
}
