//! A proof file appears whole and verified, or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use sp1_sdk::{HashableKey, SP1VerifyingKey};
use sp1_verifier::{ProofFromNetwork, SP1Proof, compressed::SP1CompressedVerifier};

use crate::{
    cleanup,
    progress::elapsed_ms,
    protocol::{Failure, FailureKind},
};

/// What was written.
pub struct Written {
    /// Size of the file.
    pub bytes: u64,
    /// Time the verification took.
    pub verify_ms: u64,
}

/// Refuse an output that could not be written, before any work is done.
pub fn check_target(output: &Path) -> Result<(), Failure> {
    let folder = folder_of(output);
    if !folder.is_dir() {
        return Err(output_failure(output, "its folder does not exist"));
    }
    if output.is_dir() {
        return Err(output_failure(output, "is a folder"));
    }
    Ok(())
}

/// Write the proof beside `output`, flush it to the disk, verify the bytes that were written, and
/// only then give the file its name.
pub fn write_verified(
    output: &Path,
    proof: &ProofFromNetwork,
    key: &SP1VerifyingKey,
) -> Result<Written, Failure> {
    let bytes = bincode::serialize(proof)
        .map_err(|error| output_failure(output, &format!("proof does not encode: {error}")))?;
    let unfinished = unfinished_name(output);
    cleanup::file_is_unfinished(&unfinished);
    let result = write_checked(&unfinished, &bytes, key).and_then(|verify_ms| {
        fs::rename(&unfinished, output)
            .and_then(|()| File::open(folder_of(output))?.sync_all())
            .map_err(|error| output_failure(output, &error.to_string()))?;
        Ok(Written {
            bytes: bytes.len() as u64,
            verify_ms,
        })
    });
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    cleanup::file_is_finished();
    result
}

fn write_checked(path: &Path, bytes: &[u8], key: &SP1VerifyingKey) -> Result<u64, Failure> {
    let write = || -> std::io::Result<Vec<u8>> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::read(path)
    };
    let written = write().map_err(|error| output_failure(path, &error.to_string()))?;
    let started = Instant::now();
    verify(&written, key)?;
    Ok(elapsed_ms(started))
}

/// Verify a proof file's bytes exactly as a stranger would.
fn verify(bytes: &[u8], key: &SP1VerifyingKey) -> Result<(), Failure> {
    let rejected = |why: String| {
        Failure::new(
            FailureKind::Proving,
            format!("the finished proof does not verify: {why}"),
        )
    };
    let bundle: ProofFromNetwork =
        bincode::deserialize(bytes).map_err(|error| rejected(error.to_string()))?;
    let SP1Proof::Compressed(proof) = &bundle.proof else {
        return Err(rejected("it is not a compressed proof".to_owned()));
    };
    SP1CompressedVerifier::new()
        .verify_compressed_with_public_values(
            proof,
            bundle.public_values.as_slice(),
            &key.hash_koalabear(),
        )
        .map_err(|error| rejected(error.to_string()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn unfinished_name(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    folder_of(output).join(format!(".{name}.{}.unfinished", std::process::id()))
}

fn output_failure(path: &Path, why: &str) -> Failure {
    Failure::new(FailureKind::Output, format!("{}: {why}", path.display()))
}
