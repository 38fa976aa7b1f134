"""The generator of EIP-8025 gives the committed bytes under any hash seed; wrong cases stop it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.vectors.eip8025 import __main__ as command
from tools.vectors.eip8025 import gossip, merkle, messages
from tools.vectors.eip8025.__main__ import OWNED, PACK
from tools.vectors.eip8025.world import accept, reject
from tools.vectors.files import digest, existing
from zkattest.conformance.values import read_bytes
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import DEFAULT_PROFILE

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_generator__same_bytes_under_two_hash_seeds_and_as_committed() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tools.vectors.eip8025", step],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, step in (("1", "digest"), ("2", "check"))
    ]
    made, checked = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], checked
    assert checked == "vectors: all files are as defined\n"
    files = {path.relative_to(PACK).as_posix(): path.read_bytes() for path in existing(PACK, OWNED)}
    assert made == digest(files) + "\n"


def test_generator__refused_when_the_checker_disagrees(monkeypatch, capsys) -> None:
    good = next(gossip.accepted(DEFAULT_PROFILE))
    assert good.expected == accept()
    wrong = replace(good, expected=reject(Reason.PROOF_INVALID))
    monkeypatch.setattr(command, "MODULES", [gossip])
    monkeypatch.setattr(gossip, "cases", lambda: iter([wrong]))
    assert command.main(["digest"]) == 2
    assert capsys.readouterr().err == (
        f"vectors: {wrong.id}: verdict: accept, expected reject (proof_invalid)\n"
    )


def test_names__refused_in_another_form(monkeypatch, capsys) -> None:
    good = next(gossip.accepted(DEFAULT_PROFILE))
    monkeypatch.setattr(command, "MODULES", [gossip])
    for cases in ([good, good], [replace(good, id="gossip/a/b")]):
        monkeypatch.setattr(gossip, "cases", lambda cases=cases: iter(cases))
        assert command.main(["digest"]) == 2
        assert capsys.readouterr().err.endswith("taken, or not words of lower-case letters\n")


@pytest.mark.parametrize("size", [0, 1, 64, 65, 256, 1000])
def test_data__is_what_its_rule_says(size: int) -> None:
    for data in (messages.counted(size), messages.noise("seed", size)):
        assert read_bytes(data.to_json(), "x") == data.raw
        assert len(data.raw) == size
        joined = messages.plain(b"\1\2") + data + messages.plain(b"\3")
        assert read_bytes(joined.to_json(), "x") == b"\1\2" + data.raw + b"\3"


def test_merkle__small_trees_by_hand() -> None:
    a, b, c = (bytes([number]) * 32 for number in (1, 2, 3))
    zero, join = bytes(32), merkle.join
    assert merkle.merkleize([], 1) == zero
    assert merkle.merkleize([a], 1) == a
    assert merkle.merkleize([a, b, c], 4) == join(join(a, b), join(c, zero))
    assert merkle.merkleize([a], 4) == join(join(a, zero), join(zero, zero))
    assert merkle.merkleize_progressive([a]) == join(a, zero)
    four = merkle.merkleize([b, c], 4)
    assert merkle.merkleize_progressive([a, b, c]) == join(a, join(four, zero))
    assert merkle.progressive_container(a, b) == join(join(a, join(merkle.merkleize([b], 4), zero)),
                                                      merkle.number(3))  # fmt: skip
