//! What a proof claims to prove, compared before any cryptography.
//!
//! Nothing here makes a proof valid: the verifier binds the same fields again. It only gives a wrong
//! key or wrong values their own name, in microseconds.

use std::borrow::Borrow;

use slop_algebra::{AbstractField, PrimeField32};
use sp1_hypercube::PROOF_MAX_NUM_PVS;
use sp1_primitives::SP1Field;
use sp1_recursion_executor::RecursionPublicValues;
use sp1_verifier::{blake3_hash, sha256_hash};

use zkattest_verifier::{Hash, Refusal};

use crate::{
    bundle::CompressedProof,
    key::{self, ProgramKey},
};

/// Compare the key, the exit code and the digest of the values that the proof carries.
pub(crate) fn compare(
    proof: &CompressedProof,
    key: &ProgramKey,
    public_values: &[u8],
) -> Result<(), Refusal> {
    let elements = proof.proof.public_values.as_slice();
    if elements.len() != PROOF_MAX_NUM_PVS {
        let detail = format!(
            "{} public elements, expected {PROOF_MAX_NUM_PVS}",
            elements.len()
        );
        return Err(Refusal::ProofInvalid { detail });
    }
    let claims: &RecursionPublicValues<SP1Field> = elements.borrow();
    if claims.sp1_vk_digest != *key.limbs() {
        return Err(Refusal::ProgramKeyMismatch {
            expected: Hash(key.to_bytes()),
            got: key::pack(&claims.sp1_vk_digest),
        });
    }
    if claims.exit_code != SP1Field::zero() {
        let code = claims.exit_code.as_canonical_u32();
        return Err(Refusal::ProofInvalid {
            detail: format!("the program failed, exit code {code}"),
        });
    }
    let committed = committed_digest(claims);
    if committed != sha256_hash(public_values) && committed != blake3_hash(public_values) {
        return Err(Refusal::PublicValuesMismatch {
            expected: Hash(sha256_hash(public_values)),
            got: Hash(committed),
        });
    }
    Ok(())
}

/// Read the digest of the public values: eight words of four bytes, one byte an element.
fn committed_digest(claims: &RecursionPublicValues<SP1Field>) -> [u8; 32] {
    let mut digest = [0; 32];
    let bytes = claims.committed_value_digest.iter().flatten();
    for (target, element) in digest.iter_mut().zip(bytes) {
        *target = element.as_canonical_u32() as u8;
    }
    digest
}
