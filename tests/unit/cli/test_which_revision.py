"""`zkattest which-revision`: every form of a file, three exit codes, one line for bad input."""

import json
from pathlib import Path

import cramjam
import pytest

from tests.helpers.proof_messages import (
    FORK_VERSION,
    GENESIS_VALIDATORS_ROOT,
    PUBKEY,
    file_of,
)
from zkattest.cli.main import run
from zkattest.cli.which_revision import MAX_FILE_BYTES, readings
from zkattest.types.proof_profiles import ProfileName

OPTIONS = {
    "--pubkey": "0x" + PUBKEY.hex(),
    "--fork-version": "0x" + FORK_VERSION.hex(),
    "--genesis-validators-root": str(GENESIS_VALIDATORS_ROOT),
}


def outcome(
    capsys: pytest.CaptureFixture[str], path: Path, *more: str, **changed: str
) -> tuple[object, str, str]:
    """Run the command in this process and return its code, output and errors."""
    options = {**OPTIONS, **{f"--{key.replace('_', '-')}": text for key, text in changed.items()}}
    arguments = [part for option in options.items() for part in option]
    with pytest.raises(SystemExit) as left:
        run(["which-revision", str(path), *arguments, *more])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def profiles_of(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[str, list[str]]:
    code, out, err = outcome(capsys, path, "--json")
    report = json.loads(out)
    assert (code, err, report["verdict"]) == (0, "", "valid")
    return report["encoding"], report["profiles"]


@pytest.mark.parametrize("name", ProfileName)
@pytest.mark.parametrize(
    ("suffix", "encoding"), [("ssz", "ssz"), ("snappy", "ssz_snappy"), ("json", "json")]
)
def test_message__named_in_every_form(
    capsys: pytest.CaptureFixture[str], name: ProfileName, suffix: str, encoding: str
) -> None:
    found, profiles = profiles_of(capsys, file_of(name, suffix))
    is_twin = name in {ProfileName.GLOAS_AUG, ProfileName.CS5566} and suffix != "json"
    assert found == encoding
    assert profiles == (["gloas-aug", "cs5566"] if is_twin else [name])


def test_message__named_as_snappy_frames(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "message"
    path.write_bytes(bytes(cramjam.snappy.compress(file_of(ProfileName.BETA4).read_bytes())))
    assert profiles_of(capsys, path) == ("ssz_snappy_frames", ["beta4"])


def test_message__printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(capsys, file_of(ProfileName.BETA4))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "profile      answer           domain     root signed, or what is wrong",
        "teku-subnet  not decodable    -          object: first offset is 3387140620, expected 84",
        (
            "fulu-devnet  wrong signature  -          "
            "0xbf46516c590931b35e636c8fd827aa2d056fd176009248fe1e9334897e75af42"
        ),
        (
            "gloas-aug    wrong signature  -          "
            "0x441c9cb27913eba1e80b347dfdc0e561b0b3622dd71c3430738d7d97b43d4624"
        ),
        (
            "cs5566       wrong signature  -          "
            "0x441c9cb27913eba1e80b347dfdc0e561b0b3622dd71c3430738d7d97b43d4624"
        ),
        (
            "beta4        fits             0x0f000000 "
            "0xa5fad18aadd311ecf0074ea58dbf2e7fdcc467466a862d07e1a2896a281e5ab2"
        ),
        "eip8440      not decodable    -          message: first offset is 37, expected 69",
        "read as ssz; revisions that fit: beta4",
    ]


def test_message__of_no_revision_with_another_key(capsys: pytest.CaptureFixture[str]) -> None:
    other = "0xc0" + "00" * 47
    code, out, err = outcome(capsys, file_of(ProfileName.BETA4), pubkey=other)
    assert (code, err) == (1, "")
    assert out.splitlines()[-1] == "read as ssz; revisions that fit: none"
    code, out, _ = outcome(capsys, file_of(ProfileName.BETA4), "--json", pubkey=other)
    report = json.loads(out)
    assert (code, report["verdict"], report["profiles"]) == (1, "invalid", [])
    assert [answer["fit"] for answer in report["revisions"]] == [
        "not_decodable",
        "wrong_signature",
        "wrong_signature",
        "wrong_signature",
        "wrong_signature",
        "not_decodable",
    ]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "ssz"),
        (b"\xff\x06\x00\x00sNaPpYx", "ssz"),
        (b' {"message": 1}', "json"),
        (b"[]", "json"),
    ],
)
def test_file__of_no_revision_as_noise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes, encoding: str
) -> None:
    path = tmp_path / "noise"
    path.write_bytes(data)
    code, out, err = outcome(capsys, path, "--json")
    report = json.loads(out)
    assert (code, err, report["encoding"]) == (1, "", encoding)
    assert {answer["fit"] for answer in report["revisions"]} == {"not_decodable"}


def test_file__cannot_forge_lines_by_its_keys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "message.json"
    path.write_text('{"\\nbeta4        fits\\u001b[2J\\ud800": 1}')
    code, out, _ = outcome(capsys, path)
    assert code == 1
    assert len(out.splitlines()) == 8
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("option", "text", "wanted"),
    [
        ("pubkey", "0x00", "Pubkey: expected 0x and 96 hexadecimal digits"),
        ("fork_version", "0x0", "ForkVersion: expected 0x and 8 hexadecimal digits"),
        ("fork_version", "70000910", "ForkVersion: expected 0x and 8 hexadecimal digits"),
        ("genesis_validators_root", "zero", "Root: expected 0x and 64 hexadecimal digits"),
    ],
)
def test_option__exits_2_with_one_line(
    capsys: pytest.CaptureFixture[str], option: str, text: str, wanted: str
) -> None:
    path = file_of(ProfileName.BETA4)
    name = "--" + option.replace("_", "-")
    expected = (2, "", f"zkattest: arguments: {name}: {wanted}\n")
    assert outcome(capsys, path, **{option: text}) == expected


def test_file__exits_2_when_missing_or_too_large(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "message"
    expected = (2, "", f"zkattest: {path}: No such file or directory\n")
    assert outcome(capsys, path) == expected
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    expected = (2, "", f"zkattest: {path}: more than {MAX_FILE_BYTES} bytes\n")
    assert outcome(capsys, path) == expected


def test_readings__never_none() -> None:
    assert [form.encoding for form in readings(b"")] == ["ssz"]
    data = file_of(ProfileName.BETA4, "json").read_bytes()
    assert [form.encoding for form in readings(data)] == ["json", "ssz"]
