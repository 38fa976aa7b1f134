//! Opens the verifier of any proof system by its name.

pub use zkattest_verifier::{CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified};

use std::{fmt, str::FromStr};

use zkattest_verifier_groth16_bn254 as groth16_bn254;
use zkattest_verifier_openvm as openvm;
use zkattest_verifier_risc0_groth16 as risc0_groth16;
use zkattest_verifier_sp1 as sp1;
use zkattest_verifier_sp1_snark::{self as sp1_snark, Wrapping};
use zkattest_verifier_zisk as zisk;

/// A proof system that is verified, or at least named, here. A closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// SP1 compressed proofs.
    Sp1,
    /// SP1 proofs wrapped in Groth16.
    Sp1Groth16,
    /// SP1 proofs wrapped in PLONK.
    Sp1Plonk,
    /// RISC Zero receipts wrapped in Groth16.
    Risc0Groth16,
    /// ZisK minimal vadcop proofs.
    Zisk,
    /// Groth16 over BN254 under a given key.
    Groth16Bn254,
    /// OpenVM STARK proofs: named, and answered "unsupported".
    Openvm,
}

impl System {
    /// Every system, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Sp1,
        Self::Sp1Groth16,
        Self::Sp1Plonk,
        Self::Risc0Groth16,
        Self::Zisk,
        Self::Groth16Bn254,
        Self::Openvm,
    ];

    /// Return the name that commands and profiles use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sp1 => "sp1",
            Self::Sp1Groth16 => "sp1-groth16",
            Self::Sp1Plonk => "sp1-plonk",
            Self::Risc0Groth16 => "risc0-groth16",
            Self::Zisk => "zisk",
            Self::Groth16Bn254 => "groth16-bn254",
            Self::Openvm => "openvm",
        }
    }

    /// Return whether a verifier key may be given: of a circuit, or of a further version.
    #[must_use]
    pub fn takes_verifier_key(self) -> bool {
        matches!(self, Self::Sp1Groth16 | Self::Sp1Plonk | Self::Groth16Bn254)
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for System {
    type Err = CannotVerify;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|system| system.name() == name)
            .ok_or_else(|| CannotVerify::Unsupported {
                kind: "a proof system of this name".into(),
            })
    }
}

/// Open a verifier for proofs of one program, and prepare its keys.
///
/// A program key has 32 bytes (OpenVM's own 367 are taken, too); that of a generic Groth16 circuit
/// is the SHA-256 of its verifier key. Only the wrapped and the generic systems take a verifier key.
pub fn open(
    system: System,
    program_vk: &[u8],
    verifier_key: Option<&[u8]>,
) -> Result<Box<dyn ProofVerifier>, Error> {
    let program_key = || {
        <[u8; 32]>::try_from(program_vk).map_err(|_| Refusal::ProgramKeyMalformed {
            detail: format!("it has {} bytes, expected 32", program_vk.len()),
        })
    };
    if !system.takes_verifier_key() {
        require_none(verifier_key)?;
    }
    Ok(match system {
        System::Sp1 => Box::new(sp1::Verifier::new(program_key()?)?),
        System::Sp1Groth16 | System::Sp1Plonk => {
            let wrapping = match system {
                System::Sp1Plonk => Wrapping::Plonk,
                _ => Wrapping::Groth16,
            };
            let verifier = sp1_snark::Verifier::new(wrapping, program_key()?, verifier_key)?;
            Box::new(verifier)
        }
        System::Risc0Groth16 => Box::new(risc0_groth16::Verifier::new(program_key()?)?),
        System::Zisk => Box::new(zisk::Verifier::new(program_key()?)?),
        System::Groth16Bn254 => {
            let key = verifier_key.ok_or(CannotVerify::VerifierKeyMissing)?;
            Box::new(groth16_bn254::Verifier::new(program_key()?, key)?)
        }
        System::Openvm => Box::new(openvm::Verifier::new(program_vk)?),
    })
}

/// Refuse a verifier key where the system brings its own: it would be ignored in silence.
fn require_none(verifier_key: Option<&[u8]>) -> Result<(), Refusal> {
    match verifier_key {
        None => Ok(()),
        Some(_) => Err(Refusal::VerifierKeyMalformed {
            detail: "this proof system takes none".into(),
        }),
    }
}

#[cfg(test)]
mod tests;
