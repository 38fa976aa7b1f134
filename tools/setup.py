"""
Set the checkout up: virtual environment, pinned packages, `zkattest._core`, the command.

Every step leaves a stamp of what it was made from, so that a second run takes seconds and an
interrupted one goes on where it stopped. Runs on the system's Python: standard library only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / ".zkattest"
LOCKS = (ROOT / "requirements-build.lock", ROOT / "requirements.lock")
RUST = ROOT / "rust"
CORE_NAME = "_core.abi3.so"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkattest"
MINIMUM_RUST = (1, 90)
KEPT_CORES = 8

# A first line that names the interpreter breaks on spaces and on long paths; this form does not.
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
from zkattest.cli.start import start
start()
"""


class SetupError(Exception):
    """Say in one line what is missing or went wrong, and what to do about it."""


def main() -> int:
    """Run every step; one line on standard error for what a person has to do."""
    try:
        cargo = check_prerequisites()
        make_environment()
        install_packages()
        install_core(cargo)
        install_command()
    except (SetupError, OSError) as problem:
        print(f"zkattest: setup: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def check_prerequisites() -> Path:
    """Return cargo's path; name everything that is missing in one error."""
    missing = []
    if subprocess.run(
        [sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False
    ).returncode:
        missing.append("Python's venv module ('apt install python3.11-venv')")
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        missing.append("a C compiler ('apt install gcc libc6-dev')")
    cargo = find_cargo()
    if cargo is None:
        missing.append("cargo (install Rust with rustup, https://rustup.rs)")
    elif (version := rust_version(cargo)) < MINIMUM_RUST:
        found = ".".join(map(str, version))
        missing.append(f"Rust 1.90 or newer, found {found} ('rustup update stable')")
    if missing:
        raise SetupError("missing: " + "; ".join(missing))
    if cargo is None:
        raise AssertionError("cargo is reported as missing above")
    return cargo


def find_cargo() -> Path | None:
    """Find cargo on the path or where rustup puts it."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    found = shutil.which("cargo") or shutil.which("cargo", path=str(home))
    return Path(found) if found else None


def rust_version(cargo: Path) -> tuple[int, ...]:
    """Read the version that cargo states; (0, 0) when it does not run."""
    words = subprocess.run(
        [cargo, "--version"], cwd=RUST, capture_output=True, text=True, check=False
    ).stdout.split()
    numbers = words[1].split("-")[0].split(".") if len(words) > 1 else ["0", "0"]
    return tuple(int(number) for number in numbers[:2])


def make_environment() -> None:
    """Create the virtual environment unless a working one is there."""
    python = VENV / "bin" / "python"
    check = "import pip, sys; sys.exit(sys.version_info[:2] != (3, 11))"
    if (
        python.exists()
        and not subprocess.run([python, "-c", check], capture_output=True, check=False).returncode
    ):
        return
    say(f"creating {VENV.name}")
    run([sys.executable, "-m", "venv", "--clear", VENV], "could not create the virtual environment")


def install_packages() -> None:
    """Install exactly what the lock files name, checked by hash."""
    wanted = digest(path.read_bytes() for path in LOCKS)
    if stamp("packages") == wanted:
        return
    say("installing pinned packages")
    for lock in LOCKS:
        run(
            [
                *(VENV / "bin" / "python", "-m", "pip", "install", "--quiet"),
                *("--disable-pip-version-check", "--no-deps", "--no-build-isolation"),
                *("--require-hashes", "--requirement", lock),
            ],
            f"could not install the packages of {lock.name}; pip's message is above",
        )
    write_stamp("packages", wanted)


def install_core(cargo: Path) -> None:
    """Put the extension module for these Rust sources in place, from the cache or built."""
    key = core_key(cargo)
    target = ROOT / "zkattest" / CORE_NAME
    if stamp("core") == key and target.exists():
        return
    cached = CACHE / "core" / key / CORE_NAME
    if not cached.exists():
        say("building zkattest._core in release mode; the first build takes many minutes")
        build_core(cargo, key, cached)
    copy_atomically(cached, target)
    os.utime(cached.parent)  # what was used last is kept longest
    write_stamp("core", key)
    forget_old_cores()


def core_key(cargo: Path) -> str:
    """Hash all that the extension module is built from: sources, lock, compiler, flags."""
    compiler = subprocess.run(
        [cargo.with_name("rustc"), "-vV"], cwd=RUST, capture_output=True, check=False
    ).stdout
    flags = os.environ.get("RUSTFLAGS", "").encode()

    def parts() -> Iterator[bytes]:
        yield from (compiler, flags, b"abi3-py311")
        for path in rust_sources():
            yield str(path.relative_to(ROOT)).encode()
            yield path.read_bytes()

    return digest(parts())[:32]


def rust_sources() -> list[Path]:
    """List the files that can change the built module, in a fixed order."""
    skipped = {"target", "tests", "benches", "examples", "fuzz"}
    return sorted(
        path
        for path in RUST.rglob("*")
        if path.is_file()
        and not skipped & set(path.relative_to(RUST).parts)
        and (path.suffix in {".rs", ".toml", ".lock"} or "src" in path.parts)
    )


def build_core(cargo: Path, key: str, cached: Path) -> None:
    """Build a wheel and keep its extension module in the cache."""
    cached.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent.parent, prefix=f".{key}-") as folder:
        wheel = build_wheel(cargo, Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(f"zkattest/{CORE_NAME}", folder)
        copy_atomically(Path(folder) / "zkattest" / CORE_NAME, cached)


def build_wheel(cargo: Path, folder: Path) -> Path:
    """Build the release wheel into a folder; Rust's own products go to the cache."""
    environment = {
        "CARGO_TARGET_DIR": str(CACHE / "target-rust"),
        **os.environ,
        "PATH": f"{os.environ.get('PATH', '')}{os.pathsep}{cargo.parent}",
    }
    run(
        [
            *(VENV / "bin" / "maturin", "build", "--release", "--locked"),
            *("--compatibility", "linux", "--out", folder),
            # Minutes without a sign of life are too long for a person.
            *([] if sys.stderr.isatty() else ["--quiet"]),
        ],
        "could not build the wheel; cargo's message is above",
        environment,
    )
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def forget_old_cores() -> None:
    """Keep the newest modules of the cache only."""
    entries = [path for path in (CACHE / "core").iterdir() if not path.name.startswith(".")]
    for path in sorted(entries, key=lambda path: path.stat().st_mtime)[:-KEPT_CORES]:
        shutil.rmtree(path, ignore_errors=True)


def install_command() -> None:
    """Make the checkout importable and leave the command in the environment."""
    [site] = (VENV / "lib").glob("python3.11/site-packages")
    write_atomically(site / "zkattest.pth", f"{ROOT}\n")
    command = COMMAND.format(python=VENV / "bin" / "python")
    write_atomically(VENV / "bin" / "zkattest", command, mode=0o755)


def run(
    command: list[str | Path],
    failure: str,
    environment: dict[str, str] | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Run one step; what it says on standard error stays visible."""
    output = subprocess.DEVNULL if quiet else None
    if subprocess.run(command, cwd=ROOT, env=environment, stdout=output, check=False).returncode:
        raise SetupError(failure)


def digest(parts: Iterator[bytes]) -> str:
    """Hash byte strings so that no two different lists collide."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


def stamp(name: str) -> str:
    """Read what a step was last made from; empty when it never ended."""
    path = STAMPS / name
    return path.read_text() if path.exists() else ""


def write_stamp(name: str, value: str) -> None:
    """Record that a step has ended."""
    write_atomically(STAMPS / name, value)


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file so that nobody ever sees half of it, nor a running program loses it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, partial)
    partial.chmod(0o755)
    partial.replace(target)


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a small file at once; leave it alone when it already says so."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.chmod(mode)
    partial.replace(path)


def say(text: str) -> None:
    """Tell what is being done."""
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
