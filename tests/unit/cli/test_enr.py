"""`zkattest enr`: our record, another's, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zkattest.cli.main import run
from zkattest.net.enr import parse_record, sign_record
from zkattest.net.secp256k1 import SecretKey

SECRET = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
EIP_TEXT = (
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5w"
    "BgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)


def outcome(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        run(["enr", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"0x{SECRET}\n")
    return path


def test_enr__prints_the_record_of_the_eip(capsys: pytest.CaptureFixture[str], key: Path) -> None:
    printed = outcome(capsys, "--key", key, "--ip", "127.0.0.1", "--udp", 30303)
    assert printed == (0, EIP_TEXT + "\n", "")


def test_enr__prints_what_consensus_peers_look_for(
    capsys: pytest.CaptureFixture[str], key: Path
) -> None:
    code, out, _ = outcome(
        capsys,
        *("--key", key, "--seq", 9, "--ip", "::1", "--tcp", 9000, "--eproof", 1, "--json"),
        *("--fork-digest", "0xafcaaba0", "--next-fork-version", "0x07000000"),
        *("--attnets", "0x0100000000000000", "--syncnets", "0x03"),
    )
    shown = json.loads(out)
    assert code == 0
    assert shown.pop("enr") == str(parse_record(json.loads(out)["enr"]))
    assert shown == {
        "valid": True,
        "seq": 9,
        "node_id": "0xa448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7",
        "peer_id": "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm",
        "public_key": "0x03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138",
        "address": "/ip6/::1/tcp/9000/p2p/16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm",
        "ip": None,
        "ip6": "::1",
        "tcp": 9000,
        "tcp6": None,
        "udp": None,
        "eth2": {
            "fork_digest": "0xafcaaba0",
            "next_fork_version": "0x07000000",
            "next_fork_epoch": 2**64 - 1,
        },
        "attnets": "0x0100000000000000",
        "syncnets": "0x03",
        "eproof": 1,
        "other": {},
    }


def test_enr__shows_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(capsys, "show", EIP_TEXT)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["seq", "1"],
        ["node_id", "0xa448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"],
        ["peer_id", "16Uiu2HAmSH2XVgZqYHWucap5kuPzLnt2TsNQkoppVxB5eJGvaXwm"],
        ["public_key", "0x03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138"],
        ["ip", "127.0.0.1"],
        ["udp", "30303"],
    ]


def test_enr__shows_unknown_entries_without_letting_them_forge_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = sign_record(SecretKey(bytes.fromhex(SECRET)), 1, {b"x\ny": b"\n", b"z": [b"\1"]})
    code, out, _ = outcome(capsys, "show", record)
    assert code == 0
    assert out.splitlines()[-2:] == ["x y                0x0a", "z                  ['0x01']"]
    assert json.loads(outcome(capsys, "show", record, "--json")[1])["other"] == {
        "x\ny": "0x0a",
        "z": ["0x01"],
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (EIP_TEXT[:-3] + "_l8", "zkattest: enr: signature: is not the key's\n"),
        ("enr:AAAA", "zkattest: enr: record: is no canonical RLP\n"),
        ("hello", "zkattest: enr: enr: does not begin with enr:\n"),
    ],
)
def test_enr__invalid_record(capsys: pytest.CaptureFixture[str], text: str, line: str) -> None:
    assert outcome(capsys, "show", text) == (1, "", line)


def test_enr__invalid_entry(capsys: pytest.CaptureFixture[str]) -> None:
    record = sign_record(SecretKey(bytes.fromhex(SECRET)), 1, {b"eth2": b"short"})
    code, out, err = outcome(capsys, "show", record, "--json")
    assert code == 1
    assert json.loads(out) == {
        "valid": False,
        "field": "eth2",
        "reason": "5 bytes, expected 16",
    }
    assert err == "zkattest: enr: eth2: 5 bytes, expected 16\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "--key: missing: the file of the key that signs the record"),
        (["--key", "KEY", "--ip", "300.1.1.1"], "--ip: '300.1.1.1' does not appear to be"),
        (["--key", "KEY", "--fork-digest", "0x01"], "--next-fork-version: missing"),
        (
            ["--key", "KEY", "--fork-digest", "0x01", "--next-fork-version", "0x00000000"],
            "--fork-digest: expected 0x and 8 digits",
        ),
        (["--key", "KEY", "--attnets", "01" * 8], "--attnets: expected 0x and 16 digits"),
        (["--key", "KEY", "--syncnets", "0xzz"], "--syncnets: expected 0x and 2 digits"),
        (["--key", "KEY", "--seq", 1 << 64], "sequence number 18446744073709551616"),
        (["--key", "nowhere"], "--key: nowhere: No such file or directory"),
        (["--key", "KEY", "--tcp", 0], "Invalid value for '--tcp'"),
    ],
)
def test_enr__not_printed(
    capsys: pytest.CaptureFixture[str], key: Path, arguments: list[object], line: str
) -> None:
    code, out, err = outcome(capsys, *(key if part == "KEY" else part for part in arguments))
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("secret", ["00" * 32, "ff" * 32])
def test_enr__not_printed_for_what_is_no_key(
    capsys: pytest.CaptureFixture[str], key: Path, secret: str
) -> None:
    key.write_text(secret)
    code, out, err = outcome(capsys, "--key", key)
    assert (code, out) == (2, "")
    assert err == f"zkattest: {key}: is no secret key of the curve\n"
    key.write_text("not hexadecimal")
    assert outcome(capsys, "--key", key)[2] == (
        f"zkattest: --key: {key}: expected 64 hexadecimal digits\n"
    )
