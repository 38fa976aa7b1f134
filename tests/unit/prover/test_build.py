"""Building into the cache, with the real cargo and a crate of three lines."""

import subprocess
from pathlib import Path

import pytest
import trio

from zkattest.prover.build import BuildProgress, build, ensure_built
from zkattest.prover.cache import CacheEntry
from zkattest.prover.errors import CannotProve

MANIFEST = """
[package]
name = "zkattest-prover-sp1"
version = "0.1.0"
edition = "2021"

[workspace]
"""


@pytest.fixture
def entry(tmp_path: Path) -> CacheEntry:
    sources = tmp_path / "sources"
    (sources / "src").mkdir(parents=True)
    (sources / "Cargo.toml").write_text(MANIFEST)
    (sources / "src" / "main.rs").write_text('fn main() { println!("built"); }\n')
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=sources, check=True)
    return CacheEntry("key", tmp_path / "cache" / "key", sources)


def no_waiting() -> None:
    pytest.fail("nobody else builds")


async def test_build__puts_the_program_into_the_cache(entry: CacheEntry) -> None:
    seen: list[BuildProgress] = []
    await build(entry, seen.append)
    said = await trio.run_process([entry.binary], capture_stdout=True)
    assert said.stdout == b"built\n"
    assert seen == [
        BuildProgress(0, None, "fetching crates"),
        BuildProgress(1, 1, "zkattest-prover-sp1@0.1.0"),
    ]
    assert sorted(path.name for path in entry.folder.parent.iterdir()) == ["key"]


async def test_build__cannot_and_leaves_nothing_when_it_does_not_compile(entry: CacheEntry) -> None:
    (entry.sources / "src" / "main.rs").write_text("fn main() { nonsense }\n")
    with pytest.raises(CannotProve, match="cargo build fails: error"):
        await build(entry, lambda _progress: None)
    assert not entry.folder.exists()


async def test_build__cannot_without_a_lock_file_that_fits(entry: CacheEntry) -> None:
    (entry.sources / "Cargo.lock").unlink()
    with pytest.raises(CannotProve, match="cargo: error"):
        await build(entry, lambda _progress: None)
    assert not entry.folder.exists()


async def test_init__does_nothing_when_the_worker_is_there(entry: CacheEntry) -> None:
    entry.folder.mkdir(parents=True)
    entry.binary.write_text("#!/bin/sh\n")
    entry.binary.chmod(0o755)
    assert await ensure_built(entry, lambda _progress: None, no_waiting) is False
