"""Every vector of EIP-8025 gives what it expects, has the documented form, and is documented."""

import json
import re
from pathlib import Path

import pytest
from py_ecc.bls import G2ProofOfPossession

from tests.conformance.test_vectors import validator
from zkattest.conformance.outcome import differences
from zkattest.conformance.registry import Found, find_cases
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.types.proof_profiles import ProfileName

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "vectors" / "eip8025"
PAGE = ROOT / "docs" / "vectors-eip8025.md"
CASES = find_cases(PACK)
GROUPS = sorted({one.folder.parent for one in CASES})
RUNNERS = {"ssz", "signing", "gossip", "pool"}
# Roots of `beta4` (bounded) and `cs5566` (progressive) that others have published or recomputed.
KNOWN_ROOTS = {
    ("beta4", 0): "9829ae426496aabfbe177565cd91a45d0e0a55915b32a9059f0b3405355bcef4",
    ("beta4", 1): "e2b81df2aff9f6732e49ec72206c51025ffe6cd0ef29033ecedb17ee7c00e06c",
    ("beta4", 32): "fcb706d569d7e8958fbc7ac0e57429f64c96167c0e493e68d47d522f8bf53868",
    ("beta4", 100): "89051e2b8d74d9aae15a4946d7500d7dfaee3da70b1de00c21a426898a8bbf62",
    ("beta4", 673): "a5fad18aadd311ecf0074ea58dbf2e7fdcc467466a862d07e1a2896a281e5ab2",
    ("cs5566", 0): "9dd59e5816495226e5b198a4f7dc1a40c02a117b20be0cf00cc1862e4d2255c0",
    ("cs5566", 1): "2f8f72df4cc1c63c07c02efff4cc2d25be7475612b8e560665751bb2534667f2",
    ("cs5566", 32): "51d2f507ff70b8c3a60bf7ba71e386db72607635edae361478a75b198d36b51e",
    ("cs5566", 100): "024c73d1626ebced9a5e284ec4bd9d4f893e36609dd302c6e0a3b41d84ba396d",
    ("cs5566", 673): "441c9cb27913eba1e80b347dfdc0e561b0b3622dd71c3430738d7d97b43d4624",
}
KNOWN_WHOLE_ROOTS = {
    0: "17c56e4a39229bd4ebe5577f39cc5408a8276d3c4eab0056327dae35c2da39f9",
    673: "a957ea69d228afe767d0b3a60f16393d04be9fe1d6646661819450c1f949fb6b",
}
KNOWN_PUBLIC_INPUT = "7c64b350edd4ae9007b24bf4b2eb8da7fc904936bf099d3165083cbd83eeecb4"


def expected(path: str) -> dict:
    return json.loads((PACK / path / "expected.json").read_text())


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: path.relative_to(PACK).as_posix())
def test_vectors__give_what_they_expect(group: Path) -> None:
    found = find_cases(group)
    assert found
    assert {one.id: problems(one) for one in found if problems(one)} == {}


def problems(found: Found) -> list[str]:
    case = found.read()
    assert found.runner is not None
    return differences(case.expected, found.runner.check(case), is_complete=True)


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: path.relative_to(PACK).as_posix())
def test_files__have_the_documented_form(group: Path) -> None:
    runner = group.parent.name
    schemas = {"case.json": "proof-case", "input.json": f"{runner}-input"}
    schemas["expected.json"] = f"{runner}-expected"
    for folder in sorted(group.iterdir()):
        assert sorted(path.name for path in folder.iterdir()) == sorted(schemas)
        for name, schema in schemas.items():
            value = json.loads((folder / name).read_text())
            errors = list(validator(schema).iter_errors(value))
            assert errors == [], f"{folder.name}/{name}: {errors[0].message[:300]}"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("gossip-expected", {"verdict": "accept"}),
        ("gossip-expected", {"verdict": "ignore", "reason": "x", "operands": {}, "marked": True}),
        ("gossip-input", {"message": "0x"}),
        ("pool-input", {"events": [{"at_ms": 0, "event": "dance"}]}),
        ("pool-expected", {"verdict": "played", "verdicts": []}),
        ("ssz-input", {"task": "decode_message"}),
        ("signing-expected", {"verdict": "valid"}),
        ("proof-case", {"format": 1}),
        ("answer", {"verdict": "ignore", "reason": "x"}),
    ],
)
def test_schema__refuses(schema: str, value: object) -> None:
    assert not validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "value",
    [
        {"verdict": "accept", "marked": True},
        {"verdict": "ignore", "reason": "unknown_block", "retry": True},
        {"verdict": "reject", "reason": "proof_invalid", "operands": {"got": 1}},
        {"verdict": "played", "verdicts": [], "engine": [], "valid": []},
    ],
)
def test_schema__takes_answers_about_proofs(value: object) -> None:
    assert validator("answer").is_valid(value)


def test_names__are_the_folders_and_say_the_verdict() -> None:
    for found in CASES:
        about = json.loads((found.folder / "case.json").read_text())
        verdict = json.loads((found.folder / "expected.json").read_text())["verdict"]
        profile, runner, *_ = found.id.split("/")
        assert about["name"] == found.id == found.folder.relative_to(PACK).as_posix()
        assert about["profile"]["preset"] == profile
        assert runner in RUNNERS
        assert verdict == "played" or f"__{verdict}" in found.id, found.id


def test_pack__has_every_profile_and_runner() -> None:
    assert {one.id.split("/")[0] for one in CASES} == set(ProfileName)
    for profile in GOSSIP_ORDERS:
        cases = [one for one in CASES if one.id.startswith(f"{profile.value}/")]
        assert {one.runner_name for one in cases} == RUNNERS
        assert len(cases) >= 120
        verdicts = [one.read().expected.verdict for one in cases if one.runner_name == "gossip"]
        assert verdicts.count("accept") >= 12


def test_roots__are_those_that_others_have() -> None:
    for (profile, size), root in KNOWN_ROOTS.items():
        found = expected(f"{profile}/ssz/message/message__valid_{size}_bytes")
        assert found["content_root"] == "0x" + root
    for size, root in KNOWN_WHOLE_ROOTS.items():
        found = expected(f"beta4/ssz/message/message__valid_{size}_bytes")
        assert found["message_root"] == "0x" + root
    for profile in ("beta4", "cs5566"):
        found = expected(f"{profile}/ssz/public_input/input__valid")
        assert found["root"] == "0x" + KNOWN_PUBLIC_INPUT


def test_roots__switches_are_independent() -> None:
    for size in (0, 673):
        name = f"ssz/message/message__valid_{size}_bytes"
        plain = expected(f"beta4/{name}_as_progressive_list")["content_root"]
        assert plain == expected(f"cs5566/{name}")["content_root"]
        plain = expected(f"cs5566/{name}_as_list")["content_root"]
        assert plain == expected(f"beta4/{name}")["content_root"]
    kinds = [f"{hashes}_in_{container}" for hashes in ("list", "progressive_list")
             for container in ("container", "progressive_container")]  # fmt: skip
    roots = [expected(f"beta4/ssz/request/roots__valid_{kind}")["root"] for kind in kinds]
    assert len(set(roots)) == 4


def test_signature__verified_by_another_library() -> None:
    found = expected("beta4/signing/sign/proof__valid_673_bytes")
    key, root, signature = (
        bytes.fromhex(found[name][2:]) for name in ("pubkey", "signing_root", "signature")
    )
    assert G2ProofOfPossession.Verify(key, root, signature)
    assert not G2ProofOfPossession.Verify(key, root[::-1], signature)


def test_counts__in_documents_are_those_of_the_folders() -> None:
    assert f"| all: {len(CASES)} |" in PAGE.read_text()
    readme = (PACK / "README.md").read_text()
    counted = dict(re.findall(r"^\| `([a-z0-9-]+)/` .*?(\d+) cases", readme, re.MULTILINE))
    assert counted == {name.value: str(len(find_cases(PACK / name.value))) for name in ProfileName}
