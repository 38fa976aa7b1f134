"""Prove the recorded blocks that have no valid proof yet, and keep each proof when it is done."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.chain.blocks import with_proof_record
from tools.chain.files import Case, dump_yaml, write_atomically
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.prover.program import Program, load_program
from zkattest.spec.reasons import InvalidProof
from zkattest.types.execution import BlockPackage, ExecutionClaim
from zkattest.types.wire import PublicValues
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import Registry

SCHEMA_ID = 0x7886


class RecordingError(Exception):
    """Say in one line why the recording stopped."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Hold what every recorded proof is checked against: the guest's key."""

    program: Program
    registry: Registry

    @classmethod
    def open(cls) -> "Recorder":
        """Take the committed guest."""
        program = load_program()
        return cls(program, Registry([(ProofSystem.SP1, program.program_vk)]))

    def is_proven(self, case: Case) -> bool:
        """Tell whether the block has a proof of its claim by this guest."""
        return case.proof.exists() and self.proves(case, case.proof.read_bytes())

    def proves(self, case: Case, proof: bytes) -> bool:
        """Tell whether these bytes prove the block's claim."""
        try:
            self.registry.verify(
                ProofSystem.SP1, self.program.program_vk, proof, expected_values(case)
            )
        except InvalidProof:
            return False
        return True

    def record(self, pending: Iterable[Case]) -> Iterator[Case]:
        """Prove blocks in one warm worker; yield each when its proof lies in place."""
        waiting = {case.directory.name: case for case in pending}
        with tempfile.TemporaryDirectory(prefix="zkattest-record-") as name:
            for answer in prove(waiting, Path(name)):
                case = waiting[Path(answer["block"]).stem]
                self.keep(case, Path(answer["path"]).read_bytes(), answer)
                yield case

    def keep(self, case: Case, proof: bytes, answer: dict[str, Any]) -> None:
        """Put a proof and what it cost beside its block."""
        if not self.proves(case, proof):
            raise RecordingError(
                f"{case.directory.name}: the proof is not one of the block's claim"
            )
        write_atomically(case.proof, proof)
        head = case.meta.read_bytes().partition(b"\nproof:")[0] + b"\nproof: null\n"
        write_atomically(case.meta, with_proof_record(head, self.describe(case, answer)))

    def describe(self, case: Case, answer: dict[str, Any]) -> dict[str, Any]:
        """Say what was proven and what it cost."""
        return {
            "system": str(ProofSystem.SP1),
            "program_vk": str(self.program.program_vk),
            "public_values": "0x" + expected_values(case).hex(),
            "setting": "real",
            **{
                name: answer[name]
                for name in ("cycles", "shards", "proof_bytes", "elapsed_ms", "peak_memory_bytes")
            },
        }


def expected_values(case: Case) -> bytes:
    """Compute the public values of a proof of this block's claim."""
    package = BlockPackage.decode(case.block.read_bytes())
    claim = ExecutionClaim.decode(case.claim.read_bytes())
    root = hash_tree_root_claim(claim)
    return PublicValues(root, valid=True, chain_id=package.chain_id, schema_id=SCHEMA_ID).encode()


def prove(waiting: dict[str, Case], stage: Path) -> Iterator[dict[str, Any]]:
    """Run `zkattest prove` over the blocks and pass its answers on as they come."""
    if not waiting:
        return
    blocks = []
    for name, case in waiting.items():
        # The command names proofs after their blocks; every block here is a `block.ssz`.
        link = stage / f"{name}.ssz"
        link.symlink_to(case.block)
        blocks.append(str(link))
    command = [str(Path(sys.executable).with_name("zkattest")), "prove", *blocks]
    with subprocess.Popen(
        [*command, "--output", str(stage), "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield from map(json.loads, process.stdout or ())
        except BaseException:
            # Ctrl-C reaches the command too, a signal to this process alone would not.
            process.terminate()
            process.wait()
            raise
    if process.returncode != 0:
        raise RecordingError(f"zkattest prove ended with exit code {process.returncode}")


def forget(case: Case) -> None:
    """Remove a proof that is none of this block, and its record."""
    case.proof.unlink(missing_ok=True)
    head = case.meta.read_bytes().partition(b"\nproof:")[0]
    write_atomically(case.meta, head + b"\n" + dump_yaml({"proof": None}))
