//! Give the shared library the name that programs look it up by, with the version of its ABI.

use std::path::Path;

const HEADER: &str = "include/zkattest_verify.h";
const DEFINITION: &str = "#define ZKATTEST_ABI_VERSION ";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed={HEADER}");
    if std::env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        let folder = std::env::var("CARGO_MANIFEST_DIR")?;
        let header = std::fs::read_to_string(Path::new(&folder).join(HEADER))?;
        let version = header
            .lines()
            .find_map(|line| line.strip_prefix(DEFINITION));
        let version = version.ok_or("the header has no version of the ABI")?;
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libzkattest_verify.so.{version}");
    }
    Ok(())
}
