"""Check what building the worker needs, and name the one command that installs what is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from zkattest.prover.errors import CannotProve
from zkattest.spec.reasons import Cause

MINIMUM_RUST = (1, 91)


@dataclass(frozen=True, slots=True)
class Tool:
    """Name a program that the build calls, and the Debian package that brings it."""

    program: str
    package: str


TOOLS = (
    Tool("cc", "build-essential"),
    Tool("protoc", "protobuf-compiler"),
    Tool("clang", "clang"),
    Tool("cmake", "cmake"),
    Tool("pkg-config", "pkg-config"),
)
OPENSSL_PACKAGE = "libssl-dev"


def require_toolchain() -> None:
    """Refuse in one line, with everything that is missing and how to get it."""
    missing = [tool for tool in TOOLS if shutil.which(tool.program) is None]
    names = [tool.program for tool in missing]
    packages = [tool.package for tool in missing]
    if not _has_openssl_headers():
        names.append("OpenSSL headers")
        packages.append(OPENSSL_PACKAGE)
    lines = []
    if names:
        install = " ".join(dict.fromkeys(packages))
        lines.append(f"missing {', '.join(names)}: apt-get install -y {install}")
    if (complaint := _rust_complaint()) is not None:
        lines.append(complaint)
    if lines:
        raise CannotProve(Cause.BACKEND_UNAVAILABLE, "; ".join(lines))


def _has_openssl_headers() -> bool:
    pkg_config = shutil.which("pkg-config")
    if pkg_config is None:
        return False
    return subprocess.run([pkg_config, "--exists", "openssl"], check=False).returncode == 0


def _rust_complaint() -> str | None:
    cargo, rustc = shutil.which("cargo"), shutil.which("rustc")
    if cargo is None or rustc is None:
        return "missing Rust: install it with rustup (https://rustup.rs)"
    run = subprocess.run([rustc, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"rustc (\d+)\.(\d+)", run.stdout)
    if found is None:
        return f"rustc --version is not understood: {run.stderr.strip()[:200]}"
    if (int(found[1]), int(found[2])) < MINIMUM_RUST:
        wanted = ".".join(map(str, MINIMUM_RUST))
        return f"Rust {found[1]}.{found[2]} is too old, {wanted} is needed: rustup update stable"
    return None
