"""Record the chain of `vectors/eip7886/chain`: its blocks, and a real proof of each."""

import argparse
import sys
import time

from tools.chain.blocks import write_chain
from tools.chain.files import CHAIN, Case, cases
from tools.chain.proofs import Recorder, RecordingError, forget
from zkattest.prover.errors import CannotProve
from zkattest.spec.reasons import CannotVerify


def main(arguments: list[str]) -> int:
    """Run the steps asked for; 0 when all that was asked for is there, 2 otherwise."""
    parser = argparse.ArgumentParser(prog="tools.record_chain", description=__doc__)
    parser.add_argument("step", choices=("blocks", "proofs", "status", "all"))
    parser.add_argument("numbers", nargs="*", type=int, help="blocks to prove; all by default")
    options = parser.parse_args(arguments)
    try:
        if options.step in ("blocks", "all"):
            record_blocks()
        if options.step in ("proofs", "all"):
            record_proofs(set(options.numbers))
        if options.step == "status":
            return show_status()
    except (RecordingError, CannotProve, CannotVerify, OSError, ValueError) as problem:
        print(f"record_chain: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def record_blocks() -> None:
    """Regenerate the blocks; those that are the same already stay untouched."""
    changed = write_chain(CHAIN)
    print(f"{len(changed)} files changed" if changed else "all blocks are as recorded")
    for name in changed:
        print(f"  {name}")


def record_proofs(numbers: set[int]) -> None:
    """Prove every block that has no valid proof; what is proven already is kept."""
    recorder = Recorder.open()
    pending = [
        case
        for case in cases()
        if (not numbers or number_of(case) in numbers) and not recorder.is_proven(case)
    ]
    print(f"{len(pending)} blocks to prove with program {recorder.program.program_vk}", flush=True)
    for case in pending:
        # A proof of another guest or of another block is worth nothing.
        forget(case)
    started = time.monotonic()
    for case in recorder.record(pending):
        print(f"  {case.directory.name}: {time.monotonic() - started:.0f} s", flush=True)
        started = time.monotonic()


def number_of(case: Case) -> int:
    """Read a block's number from its folder's name."""
    return int(case.directory.name.partition("_")[0])


def show_status() -> int:
    """List which blocks are proven by the committed guest."""
    recorder = Recorder.open()
    missing = 0
    for case in cases():
        proven = recorder.is_proven(case)
        missing += not proven
        print(f"{'proven ' if proven else 'missing'}  {case.directory.name}")
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
