"""The generator gives the same bytes everywhere, and refuses what the checker disagrees with."""

import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tools.vectors import __main__ as command
from tools.vectors.files import compare, digest, render_all, write
from tools.vectors.model import DisagreementError, Names, Vector, pieces, refused
from tools.vectors.pack import write_archive
from tools.vectors.static import headers
from zkattest.conformance.values import read_bytes
from zkattest.spec.reasons import Reason

ROOT = Path(__file__).resolve().parents[2]


def one() -> Vector:
    return next(headers.cases())


def test_generator__same_bytes_under_two_hash_seeds_and_as_committed() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tools.vectors", step],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, step in (("0", "digest"), ("1", "digest"), ("2", "check"))
    ]
    first, second, checked = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], checked
    assert len(first) == 65
    assert first == second
    assert checked == "vectors: all files are as defined\n"


def test_generator__refused_when_the_checker_disagrees(monkeypatch, capsys) -> None:
    wrong = replace(one(), expected=refused(Reason.NUMBER_MISMATCH, got=1, expected=2))
    with pytest.raises(DisagreementError, match="verdict: valid, expected invalid"):
        wrong.require_agreement()
    monkeypatch.setattr(headers, "cases", lambda: iter([wrong]))
    assert command.main(["digest"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"vectors: {wrong.id}: verdict: valid, expected invalid (number_mismatch)\n"
    )


def test_names__refused_twice_or_in_another_form() -> None:
    names = Names()
    names.claim("static/a/b__valid")
    for name in ("static/a/b__valid", "static/b", "static/A/b", "static/a/b/c"):
        with pytest.raises(ValueError, match="taken, or not"):
            names.claim(name)


def test_files__written_compared_and_removed(tmp_path) -> None:
    files = render_all([one()])
    assert len(write(files, tmp_path)) == 3
    assert list(compare(files, tmp_path)) == []
    name = f"{one().id}/case.json"
    (tmp_path / name).write_bytes(b"{}")
    extra = tmp_path / "claim" / "old" / "case" / "case.json"
    extra.parent.mkdir(parents=True)
    extra.write_bytes(b"{}")
    assert sorted(compare(files, tmp_path)) == [
        "claim/old/case/case.json: superfluous",
        f"{name}: changed",
    ]
    write(files, tmp_path)
    assert list(compare(files, tmp_path)) == []
    assert not extra.parent.exists()
    (tmp_path / name).unlink()
    assert list(compare(files, tmp_path)) == [f"{name}: missing"]
    assert digest(files) != digest({**files, "more": b""})


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 999, b"\0" * 1_000, b"a" + b"\n" * 5_000 + b"bc", b"\1" * 3_000 + b"\2" * 2_000],
)
def test_pieces__join_to_the_same_bytes(data: bytes) -> None:
    written = pieces(data)
    assert read_bytes(written, "x") == data
    assert isinstance(written, list) is (len(data) >= 1_000)


def test_pack__same_bytes_twice_and_a_manifest_of_all(tmp_path) -> None:
    paths = [write_archive(tmp_path / name) for name in ("first", "second")]
    first, second = (path.read_bytes() for path in paths)
    assert sha256(first).hexdigest() == sha256(second).hexdigest()
    assert paths[0].name == "zkattest-vectors-0.1.0.tar.gz"
    with tarfile.open(paths[0]) as archive:
        members = archive.getmembers()
        read = {one.name: archive.extractfile(one).read() for one in members}
    assert [one.name for one in members] == sorted(read)
    assert {(one.mtime, one.uid, one.uname, one.mode) for one in members} == {(0, 0, "", 0o644)}
    top = "zkattest-vectors-0.1.0"
    lines = read.pop(f"{top}/MANIFEST.sha256").decode().splitlines()
    listed = {f"{top}/{line[66:]}": line[:64] for line in lines}
    assert listed == {name: sha256(data).hexdigest() for name, data in read.items()}
    assert f"{top}/docs/vectors.md" in listed
    assert f"{top}/docs/vectors-eip8025.md" in listed
    assert (
        f"{top}/vectors/eip8025/beta4/gossip/accepted/proof__accept_32_bytes/input.json" in listed
    )
    assert f"{top}/vectors/eip7886/static/header/ordinary__valid/input.json" in listed
