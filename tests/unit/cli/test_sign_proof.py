"""`zkattest sign-proof`: what is signed verifies, what must not be signed is not, one line each."""

import json

import pytest

from tests.helpers.keystores import PUBKEY, SECRET, cheap_keystore
from tests.helpers.remote_signer import generic_signer, released_signer
from tests.helpers.web_server import web_server
from zkattest.cli.main import run
from zkattest.crypto import bls
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.node.signing import ForkIdentity
from zkattest.store import SqliteSigningGuard
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import (
    MAX_PROOF_BYTES,
    MAX_SIGNED_PROOF_BYTES,
    ExecutionProofEnvelope,
    SignedExecutionProofEnvelope,
)

FORK = ForkIdentity(bytes.fromhex("06000000"), Root(b"\x4b" * 32))
BLOCK = Root(b"\x20" * 32)
PROOF = b"a proof" * 100
ENVELOPE = ExecutionProofEnvelope(PROOF, ProofType(2), BLOCK)
ROOT = FORK.signing_root(ENVELOPE)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "proof.bin").write_bytes(PROOF)
    (tmp_path / "keystore.json").write_bytes(cheap_keystore())
    (tmp_path / "password.txt").write_text("password\n")
    return tmp_path


def outcome(capsys, folder, *options, local=True, **changes):
    named = {
        "proof_type": "2",
        "block_root": str(BLOCK),
        "validator_index": "12345",
        "fork_version": "0x06000000",
        "genesis_validators_root": str(FORK.genesis_validators_root),
        "out": folder / "signed",
    }
    if local:
        named |= {"keystore": folder / "keystore.json", "password_file": folder / "password.txt"}
    named |= changes
    arguments = ["sign-proof", str(folder / "proof.bin")]
    for name, value in named.items():
        if value is not None:
            arguments += [f"--{name.replace('_', '-')}", str(value)]
    with pytest.raises(SystemExit) as left:
        run([*arguments, *map(str, options)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def refused(capsys, folder, *options, **changes):
    """Expect one line of error, and nothing else that was not there before."""
    before = sorted(folder.iterdir())
    code, out, err = outcome(capsys, folder, *options, **changes)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sorted(folder.iterdir()) == before
    return err.removeprefix("zkattest: ").rstrip("\n")


def test_sign_proof__writes_a_message_that_peers_accept(capsys, folder):
    code, out, err = outcome(capsys, folder)
    signed = SignedExecutionProofEnvelope.decode((folder / "signed").read_bytes())
    assert (code, err) == (0, "")
    assert (signed.message, signed.validator_index) == (ENVELOPE, ValidatorIndex(12345))
    assert bls.verify(PUBKEY, ROOT, signed.signature)
    assert out.splitlines() == [
        f"signed: proof of type 2 for block {BLOCK}, validator 12345",
        f"  key 0x{PUBKEY.hex()}",
        f"  signing root {ROOT}",
        f"  {folder / 'signed'}: {len(PROOF) + 145} bytes",
    ]


def test_sign_proof__writes_json_as_the_beacon_api_has_it(capsys, folder):
    code, out, _ = outcome(capsys, folder, "--json", format="json")
    assert code == 0
    assert json.loads((folder / "signed").read_text()) == {
        "message": {
            "proof_data": "0x" + PROOF.hex(),
            "proof_type": "2",
            "beacon_block_root": str(BLOCK),
        },
        "validator_index": "12345",
        "signature": "0x" + bls.sign(SECRET, ROOT).hex(),
    }
    assert json.loads(out) == {
        "verdict": "signed",
        "block_root": str(BLOCK),
        "proof_type": 2,
        "validator_index": 12345,
        "pubkey": "0x" + PUBKEY.hex(),
        "signing_root": str(ROOT),
        "file": str(folder / "signed"),
        "size_bytes": (folder / "signed").stat().st_size,
    }


@pytest.mark.parametrize("form", ["ssz", "json"])
def test_sign_proof__is_of_the_revision_that_it_says(capsys, folder, form):
    assert outcome(capsys, folder, format=form)[0] == 0
    with pytest.raises(SystemExit) as left:
        run(
            [
                *["which-revision", str(folder / "signed"), "--json"],
                *["--pubkey", f"0x{PUBKEY.hex()}", "--fork-version", "0x06000000"],
                *["--genesis-validators-root", str(FORK.genesis_validators_root)],
            ]
        )
    answer = json.loads(capsys.readouterr().out)
    assert (left.value.code, answer["encoding"], answer["profiles"]) == (0, form, ["beta4"])


def test_sign_proof__signs_with_a_remote_signer(capsys, folder):
    with web_server(generic_signer(SECRET)) as server:
        code, _, err = outcome(
            capsys,
            folder,
            local=False,
            remote_signer=server.url,
            pubkey=f"0x{PUBKEY.hex()}",
        )
    signed = SignedExecutionProofEnvelope.decode((folder / "signed").read_bytes())
    assert (code, err) == (0, "")
    assert signed.signature == bls.sign(SECRET, ROOT)
    [request] = server.requests
    assert request.body["merkle_root"] == str(hash_tree_root_envelope(ENVELOPE))
    assert request.body["domain"] == f"0x0f000000{FORK.fork_data_root[:28].hex()}"


@pytest.mark.parametrize("in_json", [(), ("--json",)])
def test_sign_proof__not_signed_by_a_signer_that_does_not_know_the_request(capsys, folder, in_json):
    with web_server(released_signer) as server:
        code, out, err = outcome(
            capsys,
            folder,
            *in_json,
            local=False,
            remote_signer=server.url,
            pubkey=f"0x{PUBKEY.hex()}",
        )
    name = server.url.removeprefix("http://")
    detail = f"remote signer {name}: HTTP status 400: it takes no request of type GENERIC"
    assert (code, err) == (2, "")
    if in_json:
        assert json.loads(out) == {
            "verdict": "not_signed",
            "cause": "unsupported_request",
            "detail": detail,
        }
    else:
        assert out == f"not signed: unsupported_request: {detail}\n"
    assert not (folder / "signed").exists()


def test_sign_proof__refused_by_the_guard_for_a_second_proof(capsys, folder):
    guard = folder / "guard.sqlite"
    for _ in range(2):
        assert outcome(capsys, folder, guard=guard, slot=7)[0] == 0
    first = (folder / "signed").read_bytes()
    (folder / "proof.bin").write_bytes(b"another proof")
    other = FORK.signing_root(ExecutionProofEnvelope(b"another proof", ProofType(2), BLOCK))
    code, out, err = outcome(capsys, folder, "--json", guard=guard, slot=7)
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "verdict": "refused",
        "reason": "signed_another_proof",
        "operands": {
            "block_root": str(BLOCK),
            "proof_type": 2,
            "signed": str(ROOT),
            "asked": str(other),
        },
    }
    code, out, _ = outcome(capsys, folder, guard=guard)
    assert (code, out.split(" (")[0]) == (1, "refused: signed_another_proof")
    assert (folder / "signed").read_bytes() == first
    assert outcome(capsys, folder, "--allow-second", guard=guard, slot=7)[0] == 0
    assert SignedExecutionProofEnvelope.decode((folder / "signed").read_bytes()).message.proof_data
    remembered = SqliteSigningGuard(guard).entries()
    assert {(one.signing_root, one.subject.slot) for one in remembered} == {
        (ROOT, Slot(7)),
        (other, Slot(7)),
    }


def test_sign_proof__bound_is_that_of_the_wire(capsys, folder):
    (folder / "proof.bin").write_bytes(bytes(MAX_PROOF_BYTES))
    assert outcome(capsys, folder)[0] == 0
    assert (folder / "signed").stat().st_size == MAX_SIGNED_PROOF_BYTES
    (folder / "signed").unlink()
    (folder / "proof.bin").write_bytes(bytes(MAX_PROOF_BYTES + 1))
    reason = f"{folder / 'proof.bin'}: more than 4194304 bytes"
    assert refused(capsys, folder) == reason
    (folder / "proof.bin").write_bytes(b"")
    assert refused(capsys, folder) == f"{folder / 'proof.bin'}: empty"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"proof_type": "256"}, "arguments: Invalid value for '--proof-type': "),
        ({"proof_type": "-1"}, "arguments: Invalid value for '--proof-type': "),
        ({"validator_index": str(2**64)}, "arguments: Invalid value for '--validator-index': "),
        ({"block_root": "0x00"}, "arguments: --block-root: Root: expected 0x and 64 "),
        ({"fork_version": "06000000"}, "arguments: --fork-version: ForkVersion: expected 0x"),
        ({"genesis_validators_root": "x"}, "arguments: --genesis-validators-root: Root: "),
        ({"slot": "-1"}, "arguments: Invalid value for '--slot': "),
        ({"format": "xml"}, "arguments: Invalid value for '--format': "),
        ({"password_file": None}, "arguments: --password-file: missing"),
        ({"keystore": None}, "arguments: --keystore: expected either this or --remote-signer"),
        ({"pubkey": "0x00"}, "arguments: --pubkey: a keystore names its own"),
        (
            {"remote_signer": "http://127.0.0.1:1"},
            "arguments: --keystore: expected either this or --remote-signer",
        ),
    ],
)
def test_sign_proof__refused_for_an_argument(capsys, folder, changes, line):
    assert refused(capsys, folder, **changes).startswith(line)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "arguments: --pubkey: missing"),
        ({"pubkey": "0x00"}, "arguments: --pubkey: Pubkey: expected 0x and 96 hexadecimal digits"),
        (
            {"pubkey": f"0x{PUBKEY.hex()}", "password_file": "p"},
            "arguments: --password-file: a remote signer needs none",
        ),
        (
            {"pubkey": f"0x{PUBKEY.hex()}", "remote_signer": "localhost:9000"},
            "arguments: --remote-signer: expected http://host[:port][/path] or https://…",
        ),
    ],
)
def test_sign_proof__refused_for_what_a_remote_signer_needs(capsys, folder, changes, line):
    named = {"remote_signer": "http://127.0.0.1:1"} | changes
    assert refused(capsys, folder, local=False, **named) == line


def test_sign_proof__refused_to_allow_a_second_without_a_guard(capsys, folder):
    assert refused(capsys, folder, "--allow-second") == "arguments: --allow-second: needs --guard"


def test_sign_proof__refused_for_a_wrong_password(capsys, folder):
    (folder / "password.txt").write_text("guessed")
    line = f"{folder / 'keystore.json'}: password: wrong, or the keystore is damaged"
    assert refused(capsys, folder, guard=folder / "guard.sqlite") == line


def test_sign_proof__refused_for_a_keystore_that_is_none(capsys, folder):
    (folder / "keystore.json").write_text("{}")
    assert refused(capsys, folder) == f"{folder / 'keystore.json'}: version: missing"
    missing = folder / "missing.json"
    assert refused(capsys, folder, keystore=missing) == f"{missing}: No such file or directory"


def test_sign_proof__refused_for_a_guard_that_is_none(capsys, folder):
    guard = folder / "guard.sqlite"
    guard.write_bytes(b"not a database" * 100)
    assert refused(capsys, folder, guard=guard) == f"--guard: {guard}: file is not a database"


def test_sign_proof__refused_where_nothing_can_be_written(capsys, folder):
    out = folder / "missing" / "signed"
    line = f"{out}: its folder does not exist or is not writable"
    assert refused(capsys, folder, out=out) == line
    (folder / "signed").mkdir()
    assert refused(capsys, folder) == f"{folder / 'signed'}: Is a directory"
