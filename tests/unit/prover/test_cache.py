"""Keys of the cache: every part counts."""

from pathlib import Path

import pytest

from zkattest.prover.cache import CacheEntry, cache_key, cache_root, worker_environment

PARTS = ("rustc 1.95", ("x86_64", "avx2"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "src").mkdir(parents=True)
    for name in ("Cargo.toml", "Cargo.lock", "README.md", "src/main.rs"):
        (folder / name).write_text(name)
    return folder


def test_key__same_for_same_parts(sources: Path) -> None:
    assert cache_key(sources, *PARTS) == cache_key(sources, *PARTS)


@pytest.mark.parametrize("name", ["Cargo.toml", "Cargo.lock", "src/main.rs"])
def test_key__another_for_changed_source(sources: Path, name: str) -> None:
    before = cache_key(sources, *PARTS)
    (sources / name).write_text("changed")
    assert cache_key(sources, *PARTS) != before


def test_key__another_for_compiler_or_processor(sources: Path) -> None:
    keys = {
        cache_key(sources, "rustc 1.95", ("x86_64", "avx2")),
        cache_key(sources, "rustc 1.96", ("x86_64", "avx2")),
        cache_key(sources, "rustc 1.95", ("x86_64", "avx2", "avx512f")),
    }
    assert len(keys) == 3


def test_root__follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "zkattest" / "prover-sp1"


def test_scratch__is_private(tmp_path: Path) -> None:
    entry = CacheEntry("key", tmp_path / "key", tmp_path)
    assert worker_environment(entry)["TMPDIR"] == str(entry.scratch)
    assert entry.scratch.stat().st_mode & 0o777 == 0o700


def test_environment__asks_for_large_pages_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CacheEntry("key", tmp_path / "key", tmp_path)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    assert worker_environment(entry)["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=1")
    assert worker_environment(entry)["GLIBC_TUNABLES"] == "glibc.malloc.check=1"
