"""`zkattest state`: fill a store, look into it, and check packages that lack their witness."""

import json
from dataclasses import replace

import pytest

from tests.helpers.blocks import Case
from tests.helpers.rpc_server import honest, rpc_server
from tests.helpers.state import State
from tests.helpers.transactions import Tx
from zkattest.cli.main import run


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        run([str(one) for one in arguments])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def written(path, package, *, bare=False):
    if bare:
        package = replace(package, witness=replace(package.witness, state=(), codes=()))
    path.write_bytes(package.encode())
    return path


@pytest.fixture
def store(tmp_path):
    return tmp_path / "state.sqlite"


def test_state__makes_an_empty_witness_enough(capsys, tmp_path, store):
    whole = written(tmp_path / "whole.ssz", Case().package())
    bare = written(tmp_path / "bare.ssz", Case().package(), bare=True)
    assert outcome(capsys, "check", bare)[0] == 2
    code, out, err = outcome(capsys, "state", "import", store, whole, bare)
    assert (code, err) == (0, "")
    header, first, second = [line.split() for line in out.splitlines()]
    assert header == ["block", "witness", "read", "held", "before"]
    assert first[0] == second[0] == "7"
    assert first[4:7] == second[4:7] == second[7:]
    code, out, _ = outcome(capsys, "check", bare, "--state-store", store)
    assert code == 0
    assert out.startswith("valid: block 7 ")
    code, out, _ = outcome(capsys, "state", "status", store, "--json")
    held = json.loads(out)
    assert (code, held["commits"]) == (0, 2)
    assert f"{held['preimages']}," == first[4]
    assert outcome(capsys, "state", "status", store)[1] == (
        f"{held['preimages']} nodes and codes, {held['size_bytes']} bytes, 2 commits\n"
    )


def test_state__import_as_json(capsys, tmp_path, store):
    path = written(tmp_path / "block.ssz", Case().package())
    code, out, _ = outcome(capsys, "state", "import", store, path, "--json")
    report = json.loads(out)
    assert (code, report["number"]) == (0, 7)
    assert report["read"]["count"] > 0 == report["held_before"]["count"]


def test_state__import_stops_at_a_block_that_does_not_pass(capsys, tmp_path, store):
    good = written(tmp_path / "good.ssz", Case().package())
    invalid = written(tmp_path / "invalid.ssz", Case(transactions=(Tx(nonce=5),)).package())
    bare = written(tmp_path / "bare.ssz", Case().package(), bare=True)
    code, out, _ = outcome(capsys, "state", "import", store, bare, good)
    assert code == 2
    assert "not checked:" in out
    code, out, _ = outcome(capsys, "state", "import", store, invalid, good)
    assert code == 1
    assert "invalid:" in out
    assert json.loads(outcome(capsys, "state", "status", store, "--json")[1])["commits"] == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["state", "status", "{store}"], "{store}: no such file"),
        (["state", "status", "{text}"], "{text}: file is not a database"),
        (["state", "import", "{text}", "{block}"], "{text}: file is not a database"),
        (["state", "import", "{store}", "{text}"], "{text}: "),
        (["check", "{block}", "--state-store", "{store}"], "--state-store: {store}: no such file"),
        (["check", "{block}", "--state-store", "{text}"], "--state-store: {text}: file is not"),
        (["check", "{block}", "--state-rpc", "ftp://a"], "--state-rpc: expected http://host"),
    ],
)
def test_state__bad_input_is_one_line(capsys, tmp_path, store, arguments, line):
    (tmp_path / "text").write_text("plain text " * 100)
    names = {
        "store": store,
        "text": tmp_path / "text",
        "block": written(tmp_path / "block.ssz", Case().package()),
    }
    code, out, err = outcome(capsys, *[one.format(**names) for one in arguments])
    assert code == 2
    assert err.startswith(f"zkattest: {line.format(**names)}")
    assert err.count("\n") == 1
    assert "{" not in out


def test_check__asks_an_execution_client(capsys, tmp_path):
    case = Case()
    bare = written(tmp_path / "bare.ssz", case.package(), bare=True)
    with rpc_server(honest(State(case.accounts, case.state))) as server:
        code, out, err = outcome(capsys, "check", bare, "--state-rpc", server.url)
    assert (code, err) == (0, "")
    assert out.startswith("valid: block 7 ")
    code, out, err = outcome(capsys, "check", bare, "--state-rpc", server.url)
    assert (code, err) == (2, "")
    assert out.startswith(f"not checked: {bare}: backend_unavailable: sender 0x")
    assert "execution client 127.0.0.1:" in out
