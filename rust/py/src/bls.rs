//! BLS signatures of the consensus layer: public keys in G1, signatures in G2, proof of possession.

use blst::{
    BLST_ERROR,
    min_pk::{PublicKey, SecretKey, Signature},
};
use pyo3::{prelude::*, types::PyBytes};

use crate::errors::{CoreError, guarded};

const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Derive a secret key from at least 32 bytes of seed (`KeyGen` of the IETF draft).
#[pyfunction]
fn bls_secret_key<'py>(py: Python<'py>, seed: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let key = guarded(py, || {
        Ok(SecretKey::key_gen(seed, &[])
            .map_err(misuse("seed"))?
            .to_bytes())
    })?;
    Ok(PyBytes::new(py, &key))
}

/// Return the 48-byte public key of a secret key.
#[pyfunction]
fn bls_public_key<'py>(py: Python<'py>, secret_key: [u8; 32]) -> PyResult<Bound<'py, PyBytes>> {
    let key = guarded(py, || Ok(decode_secret(&secret_key)?.sk_to_pk().to_bytes()))?;
    Ok(PyBytes::new(py, &key))
}

/// Sign a message; the signature has 96 bytes.
#[pyfunction]
fn bls_sign<'py>(
    py: Python<'py>,
    secret_key: [u8; 32],
    message: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let signature = guarded(py, || {
        Ok(decode_secret(&secret_key)?
            .sign(message, DST, &[])
            .to_bytes())
    })?;
    Ok(PyBytes::new(py, &signature))
}

/// Tell whether the signature is the key's on the message; malformed points sign nothing.
#[pyfunction]
fn bls_verify(
    py: Python<'_>,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> PyResult<bool> {
    guarded(py, || Ok(verify(public_key, message, signature)))
}

/// Check points first: on the curve, in the subgroup, not infinity; then the pairing.
fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    // blst also takes the uncompressed forms; the consensus layer has the compressed ones only.
    if public_key.len() != 48 || signature.len() != 96 {
        return false;
    }
    let (Ok(key), Ok(signature)) = (
        PublicKey::key_validate(public_key),
        Signature::sig_validate(signature, true),
    ) else {
        return false;
    };
    signature.verify(false, message, DST, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
}

fn decode_secret(bytes: &[u8; 32]) -> Result<SecretKey, CoreError> {
    SecretKey::from_bytes(bytes).map_err(misuse("secret key"))
}

fn misuse(what: &'static str) -> impl FnOnce(BLST_ERROR) -> CoreError {
    move |error| CoreError::Misuse(format!("{what}: {error:?}"))
}

/// Add the functions.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bls_secret_key, module)?)?;
    module.add_function(wrap_pyfunction!(bls_public_key, module)?)?;
    module.add_function(wrap_pyfunction!(bls_sign, module)?)?;
    module.add_function(wrap_pyfunction!(bls_verify, module)?)
}
