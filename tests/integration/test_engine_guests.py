"""ere's Execute and Prove against the real worker, through the command. Minutes: `-m prove`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.rpc import EreClient, EreLimits
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION
from zkattest.types.ere import EreError, EreExecuted, EreProgramVk, EreProved, EreVerified
from zkattest.types.errors import SourceUnavailable
from zkattest.types.execution import BlockPackage, ExecutionClaim
from zkattest.types.wire import PublicValues

pytestmark = pytest.mark.prove

ROOT = Path(__file__).resolve().parents[2]
BLOCK = ROOT / "vectors/eip7886/chain/0010_empty"
PROGRAM_VK = (ROOT / "guests/sp1/elf/zkattest-guest.vk").read_text().strip()
PACKAGE = BlockPackage.decode((BLOCK / "block.ssz").read_bytes())
GUEST_MS = 1_200_000
# A proof takes minutes and 16 GiB: only for who asks for it by this name.
ASKED_TO_PROVE = "ZKATTEST_TEST_ERE_PROVE"


@contextmanager
def engine_with_guests(folder: Path) -> Iterator[EreClient]:
    """Run `zkattest engine` with the worker; give a client of our program's ere-server."""
    path = folder / "engine.toml"
    path.write_text(
        f"""
[engine]
chain_id = {PACKAGE.chain_id}
schema_id = {SCHEMA_DELAYED_EXECUTION}
profile = "zkattest"
[service]
listen = "127.0.0.1:0"
run_guests = true
ere_form = "report"
guest_ms = {GUEST_MS}
"""
    )
    command = [sys.executable, "-m", "zkattest.cli.main", "engine", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = (json.loads(line) for line in process.stdout)
            port = next(line for line in lines if line["event"] == "listening")["http_port"]
            url = f"http://127.0.0.1:{port}/programs/zkattest-sp1/"
            yield EreClient(url, EreLimits(deadline_ms=GUEST_MS))
        finally:
            process.terminate()
            assert process.wait(60) == 0


def stdin() -> bytes:
    return PACKAGE.stateless_input().encode()


def expected_values() -> bytes:
    root = hash_tree_root_claim(ExecutionClaim.decode((BLOCK / "claim.ssz").read_bytes()))
    schema_id = SCHEMA_DELAYED_EXECUTION
    return PublicValues(root, valid=True, chain_id=PACKAGE.chain_id, schema_id=schema_id).encode()


def cycles_of(ran: EreExecuted | EreProved) -> int:
    """Read ere's report, bincode: cycles come first of a run, and last of a proof."""
    cycles = ran.report[:8] if isinstance(ran, EreExecuted) else ran.report[-8:]
    return int.from_bytes(cycles, "little")


def recorded_cycles() -> int:
    cycles = yaml.safe_load((BLOCK / "meta.yaml").read_text())["proof"]["cycles"]
    assert isinstance(cycles, int)
    return cycles


def test_execute__recorded_block_gives_its_claim_and_its_cycles(tmp_path: Path) -> None:
    with engine_with_guests(tmp_path) as ere:
        assert ere.program_vk() == EreProgramVk(bytes.fromhex(PROGRAM_VK.removeprefix("0x")))
        ran = ere.execute(stdin())
        assert isinstance(ran, EreExecuted)
        assert ran.public_values == expected_values()
        assert cycles_of(ran) == recorded_cycles()

        # Bytes that are no input are run, too: the guest says so by its sentinel.
        sentinel = ere.execute(b"not an input")
        assert isinstance(sentinel, EreExecuted)
        assert sentinel.public_values == bytes(43)

        # What the worker does not do is said, and the run after it is as good as the first.
        with pytest.raises(SourceUnavailable, match="unimplemented: guests that verify proofs"):
            ere.execute(stdin(), b"a proof")
        assert isinstance(ere.execute(stdin()), EreExecuted)


@pytest.mark.skipif(ASKED_TO_PROVE not in os.environ, reason=f"set {ASKED_TO_PROVE} to prove")
def test_prove__recorded_block_is_proven_and_verifies(tmp_path: Path) -> None:
    with engine_with_guests(tmp_path) as ere:
        proven = ere.prove(stdin())
        assert isinstance(proven, EreProved)
        assert proven.public_values == expected_values()
        assert cycles_of(proven) == recorded_cycles()
        assert ere.verify(proven.proof) == EreVerified(expected_values())
        changed = proven.proof[:-1] + bytes([proven.proof[-1] ^ 1])
        assert isinstance(ere.verify(changed), EreError)
