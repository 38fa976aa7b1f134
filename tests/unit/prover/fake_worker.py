#!/usr/bin/env python3
"""
FAKE worker for tests: speaks the protocol of `zkattest-prover-sp1` and proves nothing at all.

`FAKE_WORKER_MODE` says how it behaves; `FAKE_WORKER_VK` which key it answers.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

MODE = os.environ.get("FAKE_WORKER_MODE", "good")
VALUES = "11" * 32 + "01" + "01" + "00" * 7 + "8678"
if MODE == "sentinel":
    VALUES = "00" * 43
READY = {"event": "ready", "protocol": 1, "worker": "fake", "sp1": "fake", "pid": os.getpid()}


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def report(request: dict[str, str], stage: str, done: int) -> None:
    say(
        event="progress",
        id=request["id"],
        stage=stage,
        done=done,
        total=2,
        detail=None,
        elapsed_ms=5,
    )


def prove(request: dict[str, str]) -> None:
    output = pathlib.Path(request["output"])
    unfinished = output.with_name(output.name + ".unfinished")
    report(request, "core", 0)
    if MODE == "crash":
        print("something terrible", file=sys.stderr)
        os._exit(70)
    if MODE == "hang":
        # Like the executor's process: nobody but the group's killer ends it.
        child = subprocess.Popen(["sleep", "1000"])
        unfinished.write_bytes(b"half a proof")
        say(
            event="progress",
            id=request["id"],
            stage=f"child {child.pid}",
            done=0,
            total=None,
            detail=None,
            elapsed_ms=6,
        )
        wait_for_end_of_input(unfinished)
    output.write_bytes(b"not a proof")
    report(request, "core", 2)
    say(
        event="result",
        id=request["id"],
        op="prove",
        program_vk=os.environ["FAKE_WORKER_VK"],
        public_values=VALUES,
        cycles=1000,
        proof_bytes=11,
        shards=2,
        elapsed_ms=7,
        start_ms=1,
        verify_ms=1,
        stage_ms={"core": 5},
        peak_memory_bytes=1,
        peak_child_memory_bytes=1,
    )


def wait_for_end_of_input(unfinished: pathlib.Path) -> None:
    sys.stdin.read()
    unfinished.unlink()
    os._exit(0)


def answer(request: dict[str, str]) -> None:
    if MODE == "refuse":
        say(
            event="error",
            id=request["id"],
            kind="execution",
            message="the program failed",
            cause="first logged cause",
        )
    elif MODE == "garbage":
        print("this is not JSON", flush=True)
        time.sleep(1000)
    elif request["op"] == "setup":
        say(
            event="result",
            id=request["id"],
            op="setup",
            elapsed_ms=1,
            program_vk=os.environ["FAKE_WORKER_VK"],
        )
    elif request["op"] == "execute":
        say(
            event="result",
            id=request["id"],
            op="execute",
            cycles=1000,
            prover_gas=77,
            public_values=VALUES,
            system_calls={"keccak_permute": 3},
            elapsed_ms=4,
            input_bytes=pathlib.Path(request["input"]).stat().st_size,
            pid=os.getpid(),
        )
    else:
        prove(request)


if __name__ == "__main__":
    if MODE == "old":
        READY["protocol"] = 0
    say(**READY, settings={})
    for line in iter(sys.stdin.readline, ""):
        answer(json.loads(line))
