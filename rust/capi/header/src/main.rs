//! Writes `include/zkattest_verify.h` from the sources of the library.

use std::{error::Error, fs, path::PathBuf};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    Ok(fs::write(path(), header()?)?)
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn path() -> PathBuf {
    folder().join("include/zkattest_verify.h")
}

/// Make the header of what `answer.rs` and `ffi.rs` export.
fn header() -> Outcome<String> {
    let config = cbindgen::Config::from_file(folder().join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(folder().join("src/answer.rs"))
        .with_src(folder().join("src/ffi.rs"))
        .generate()?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    Ok(String::from_utf8(header)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_header_is_what_the_sources_say() {
        let committed = fs::read_to_string(path()).unwrap_or_default();
        assert!(
            committed == header().unwrap(),
            "the header is stale: run `make embed` and commit {}",
            path().display()
        );
    }
}
