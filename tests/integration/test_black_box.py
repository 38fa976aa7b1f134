"""Vectors against running nodes: our machine behind the Beacon API, and in another process."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.context_node import ContextNode, proof_api
from zkattest.cli.main import run
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.spec.proof_gossip import GossipRule

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "vectors" / "eip8025"
GOSSIP = PACK / "beta4" / "gossip"
NOBODY = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"


def vectors(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as left:
        run(["vectors", "run", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.fixture(scope="module")
def context_file(tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("context") / "context.json"
    with pytest.raises(SystemExit) as left:
        run(["vectors", "run", str(PACK / "beta4"), "--write-context", str(path)])
    assert left.value.code == 0
    return path


@pytest.fixture
def context(context_file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(context_file.read_text())
    return read


def report(out: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(out)
    return read


def differing(out: str) -> set[str]:
    return {one["case_id"] for one in report(out)["cases"] if one["agreement"] == "differs"}


# --- Beacon API -------------------------------------------------------------------------------


@pytest.mark.slow
def test_http__agrees_with_our_machine(capsys, context) -> None:
    with proof_api(ContextNode(context)) as api:
        code, out, err = vectors(capsys, GOSSIP, "--against", api.url, "--json")
    assert (code, err) == (0, "")
    said = report(out)
    assert (said["differs"], said["profile"]) == (0, "beta4")
    assert said["agrees"] >= 100
    assert set(said["observed"]) == {"accept", "accept or ignore", "ignore", "ignore or reject"}
    assert {one.split(";")[0] for one in api.content_types} == {"application/octet-stream"}


def test_http__agrees_in_json_where_ssz_is_not_taken(capsys, context) -> None:
    with proof_api(ContextNode(context), takes_ssz=False) as api:
        code, out, _ = vectors(
            capsys, GOSSIP, "--filter", "*/[cd]*/*", "--against", api.url, "--json"
        )
    assert code == 0
    said = {one["case_id"].rpartition("/")[2]: one for one in report(out)["cases"]}
    cut = said["bytes__reject_head_cut"]
    assert cut["agreement"] == "not_observed"
    assert cut["why"] == "not SSZ of a message, and the node takes JSON alone"
    assert said["bytes__reject_last_cut"]["observed"] == "ignore or reject"
    assert said["slot__accept_64_of_64"]["observed"] == "accept"
    assert set(api.content_types) == {"application/octet-stream", "application/json"}


def without(rule: GossipRule) -> Callable[[ProofGossipSettings], ProofGossipSettings]:
    def change(settings: ProofGossipSettings) -> ProofGossipSettings:
        order = tuple(one for one in settings.order if one is not rule)
        return replace(settings, order=order)

    return change


@pytest.mark.parametrize("has_rule", [True, False])
def test_http__names_what_a_node_without_a_rule_accepts(capsys, context, has_rule) -> None:
    """A type that no rule refuses reaches the engine, which says that it is valid."""
    names = {f"beta4/gossip/type/unsupported__reject_{kind}" for kind in (0, 4, 255)}
    for name in names:
        block = json.loads((PACK / name / "input.json").read_text())["blocks"][0]
        context["engine"].append({
            "root": block["root"],
            "proof_type": int(name.rpartition("_")[2]),
            "proof_sha256": "0x" + sha256(bytes(range(32))).hexdigest(),
            "answer": "valid",
            "public_values": block["public_values"],
        })  # fmt: skip
    rule = GossipRule.PROOF_TYPE_SUPPORTED
    node = ContextNode(context, without(rule)) if not has_rule else ContextNode(context)
    with proof_api(node) as api:
        code, out, _ = vectors(
            capsys, GOSSIP, "--filter", "*/[at]*/[tu]*", "--against", api.url, "--json"
        )
    assert differing(out) == (set() if has_rule else names)
    assert code == (0 if has_rule else 1)


def test_http__says_in_lines_what_differs(capsys, context) -> None:
    name = "beta4/gossip/context/slot__accept_65_of_64"
    block = json.loads((PACK / name / "input.json").read_text())["blocks"][0]
    context["blocks"] = [one for one in context["blocks"] if one["root"] != block["root"]]
    with proof_api(ContextNode(context)) as api:
        code, out, _ = vectors(capsys, GOSSIP / "context", "--against", api.url)
    assert code == 1
    assert f"differs: {name}: observed ignore or reject (400: refused), expected accept\n" in out
    assert "observed accept: 1\n" in out
    assert out.endswith("4 agrees, 1 differs\n")


def test_http__not_checked_twice_against_one_store(capsys, context) -> None:
    with proof_api(ContextNode(context)) as api:
        assert vectors(capsys, GOSSIP / "context", "--against", api.url)[0] == 0
        code, out, err = vectors(capsys, GOSSIP / "context", "--against", api.url)
    assert (code, out) == (2, "")
    assert "is not accepted (200: its proof was kept before, and is)" in err
    assert err.count("\n") == 1


def test_http__not_checked_without_the_context(capsys, context) -> None:
    with proof_api(ContextNode({**context, "blocks": []})) as api:
        code, out, err = vectors(capsys, GOSSIP / "context", "--against", api.url)
    assert (code, out) == (2, "")
    assert "is not accepted (400: refused): the node needs the context of --write-context" in err


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "the node has no such path"),
        (501, "the node has no proof engine"),
        (503, "the node is not ready"),
        (418, "418: says nothing of a verdict"),
    ],
)
def test_http__not_checked_by_a_node_that_cannot(capsys, context, status, words) -> None:
    with proof_api(ContextNode(context), always=status) as api:
        code, out, err = vectors(capsys, GOSSIP / "context", "--against", api.url)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("path", "address", "words"),
    [
        (GOSSIP, "http://127.0.0.1:1", "Connection refused"),
        (GOSSIP, "http://", "expected http://host"),
        (PACK / "gloas-aug", "http://127.0.0.1:1", "carries no messages of gloas-aug"),
        (PACK, "http://127.0.0.1:1", "cases of several profiles"),
        (PACK / "beta4" / "ssz", "http://127.0.0.1:1", "no case that a running node can be shown"),
        (GOSSIP / "context", "/p2p/x", "address '/p2p/x'"),
    ],
)
def test_address__not_checked(capsys, path, address, words) -> None:
    code, out, err = vectors(capsys, path, "--against", address)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_fork_digest__refused(capsys) -> None:
    for text in ("0x010203", "xyz"):
        code, _, err = vectors(capsys, GOSSIP, "--against", NOBODY, "--fork-digest", text)
        assert code == 2
        assert "--fork-digest: expected 0x and 8 hexadecimal digits" in err


def test_context__not_written_into_a_folder_that_is_not_there(capsys, tmp_path) -> None:
    code, _, err = vectors(capsys, GOSSIP, "--write-context", tmp_path / "no" / "file")
    assert code == 2
    assert "No such file or directory" in err


# --- Gossip -----------------------------------------------------------------------------------


@contextmanager
def node_process(context_file: Path, *arguments: str) -> Iterator[str]:
    """Run a node of another process; give its address."""
    command = [sys.executable, "-m", "tests.helpers.context_node", str(context_file), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_peer__agrees_with_our_host_and_machine(capsys, context_file) -> None:
    with node_process(context_file) as address:
        code, out, err = vectors(
            capsys, GOSSIP, "--filter", "*/[cs]*/[bcps]*", "--against", address, "--json",
            "--jobs", 4,
        )  # fmt: skip
    assert (code, err) == (0, "")
    said = {one["case_id"].rpartition("/")[2]: one for one in report(out)["cases"]}
    assert report(out)["differs"] == 0
    assert said["slot__accept_64_of_64"]["observed"] == "accept"
    assert said["block__ignore_unknown"]["observed"] == "ignore or reject"
    assert said["point__reject_zeros"]["observed"] == "reject"
    assert said["copy__ignore_after_valid"]["agreement"] == "not_observed"
    assert said["prover__ignore_second_proof_of_type"]["observed"] == "ignore or reject"


def test_peer__names_what_a_node_accepts_that_judges_nothing(capsys, context_file) -> None:
    with node_process(context_file, "deaf") as address:
        code, out, _ = vectors(capsys, GOSSIP / "context", "--against", address, "--json")
    assert code == 1
    assert {name.rpartition("/")[2] for name in differing(out)} == {
        "block__ignore_unknown",
        "payload__ignore_unseen",
        "slot__ignore_63_of_64",
    }


def test_peer__not_checked_where_nobody_listens(capsys) -> None:
    code, out, err = vectors(capsys, GOSSIP / "context", "--against", NOBODY, "--timeout-s", "0.3")
    assert (code, out) == (2, "")
    assert "no place in the mesh of /eth2/" in err
    assert err.count("\n") == 1


def test_peer__not_checked_on_another_topic(capsys, context_file) -> None:
    with node_process(context_file) as address:
        code, _, err = vectors(
            capsys, GOSSIP / "context", "--against", address, "--fork-digest", "0x01020304",
            "--timeout-s", "2",
        )  # fmt: skip
    assert code == 2
    assert "no place in the mesh of /eth2/01020304/execution_proof/ssz_snappy" in err
