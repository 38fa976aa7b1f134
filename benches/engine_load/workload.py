"""
Requests of 1.27 MB whose right answer is known, each of them verified anew.

Some are recorded proofs, the others those with one bit changed near their end, where finding out
costs as much as a valid proof does. There are more of them than an engine takes calls at a time,
and the engine remembers one verdict, so that hardly any answer comes from memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benches.engine_load.generator import Answer, Target
from tests.helpers.engines import PACK, REGISTRY, statement_of
from zkattest.spec.evidence import Outcome
from zkattest.store.evidence import read_log

ROUTE = "/v1/execution_proof_verifications"
COUNT = 144
_NOT_TAKEN = ("connection refused", "connection reset by peer")
OUTCOMES = {"VALID": Outcome.VALID, "INVALID": Outcome.INVALID}
_FLIPS_FROM, _FLIP_STEP = 1_240_000, 101
_RECORDED = 13
READY_LIMIT_S = 60.0


@dataclass(frozen=True)
class Body:
    """A proof in a file, what block it is about, and what the right answer is."""

    path: Path
    number: int
    right: str
    digest: str


def write_bodies(folder: Path, count: int = COUNT) -> list[Body]:
    """Write proofs, one of four valid, all of them different but for the valid ones."""
    found = []
    for index in range(count):
        number, is_valid = index % _RECORDED + 1, index % 4 == 0
        proof = PACK[number].proof()
        if not is_valid:
            at = _FLIPS_FROM + index * _FLIP_STEP
            proof = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        path = folder / f"body-{index}.bin"
        path.write_bytes(proof)
        right = "VALID" if is_valid else "INVALID"
        found.append(Body(path, number, right, sha256(proof).hexdigest()))
    return found


def targets(url: str, bodies: Sequence[Body]) -> list[Target]:
    """
    Name a request for each body.

    The fragment is never sent: it stands in the generator's results, and says what was asked.
    """
    return [
        Target(
            f"{url}{ROUTE}?new_payload_request_root={statement_of(body.number).root}"
            f"&proof_type=ours#{body.right}-{body.digest}",
            body.path,
        )
        for body in bodies
    ]


@dataclass
class EngineProcess:
    """A real engine in a process of its own, and how long it took to be there."""

    process: subprocess.Popen[str]
    url: str
    evidence: Path
    ready_ms: float

    def stop(self, limit_s: float = 60.0) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit_s)


@contextmanager
def engine_process(folder: Path, *, isolation: bool, more: str = "") -> Iterator[EngineProcess]:
    """Start `zkattest engine`, its rate limit out of the way, and wait until it is ready."""
    chain_id = statement_of(1).chain_id
    (folder / "registry.toml").write_text(REGISTRY)
    config, evidence = folder / "engine.toml", folder / "evidence"
    config.write_text(
        f'[engine]\nchain_id = {chain_id}\nregistry = "registry.toml"\nprofile = "test"\n'
        f"schema_id = 0x7886\nverdicts = 1\nisolation = {str(isolation).lower()}\n"
        '[service]\nlisten = "127.0.0.1:0"\nrequests_per_second = 100000\n'
        f'request_burst = 100000\n{more}[evidence]\nfolder = "evidence"\n'
    )
    command = [sys.executable, "-m", "zkattest.cli.main", "engine", "--config", str(config)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = _port(process)
            url = f"http://127.0.0.1:{port}"
            while httpx.get(f"{url}/ready", trust_env=False).status_code != 200:
                if time.perf_counter() - started > READY_LIMIT_S:
                    raise RuntimeError("the engine is not ready")
                time.sleep(0.005)
            ready_ms = 1_000 * (time.perf_counter() - started)
            # The rest of the log is not read; it would fill the pipe.
            _discard(process)
            yield EngineProcess(process, url, evidence, ready_ms)
        finally:
            process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    if process.stdout is None:
        raise RuntimeError("the engine has no output")
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "listening":
            return int(event["http_port"])
    raise RuntimeError("the engine ended before it listened")


def _discard(process: subprocess.Popen[str]) -> None:
    """Read what is logged, so that the pipe never fills."""
    if process.stdout is not None:
        threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()


@dataclass(frozen=True)
class Accounts:
    """Hold what was answered against what was written down; the last three have to be empty."""

    answered: dict[str, int]
    recorded: dict[str, int]
    wrong: tuple[str, ...]
    """Answers with a verdict that is not the right one."""
    lost: tuple[str, ...]
    """Verdicts that were told, and of which no record says so."""
    undeclared: tuple[str, ...]
    """Answers that the interface does not declare, and requests without one."""

    @property
    def is_clean(self) -> bool:
        """Tell whether everything was as promised."""
        return not (self.wrong or self.lost or self.undeclared)


def settle(answers: Sequence[Answer], evidence: Path, *, ends: bool = False) -> Accounts:
    """
    Compare answers with the log.

    What has no time or room is answered 503 or 429 with Retry-After. Where the engine `ends`
    meanwhile, connections that it refuses are right, too, and those that it had not taken yet.
    """
    records = [record for record, _ in read_log(evidence)]
    written = {(bytes(record.proof).hex(), record.outcome) for record in records}
    told: Counter[str] = Counter()
    wrong, lost, undeclared = [], [], []
    for answer in answers:
        right, _, digest = urlsplit(answer.url).fragment.partition("-")
        if answer.code == 200:
            status = json.loads(answer.body)["status"]
            told[status] += 1
            if status != right:
                wrong.append(f"{answer.url}: {answer.body[:200]!r}")
            if (digest, OUTCOMES[status]) not in written:
                lost.append(answer.url)
        elif answer.code in (429, 503):
            if not answer.has_retry_after:
                undeclared.append(f"{answer.code} without Retry-After: {answer.body[:200]!r}")
        elif not (ends and answer.code == 0 and answer.error.endswith(_NOT_TAKEN)):
            undeclared.append(f"{answer.code} {answer.error}: {answer.body[:200]!r}")
    recorded = {str(name): count for name, count in Counter(r.outcome for r in records).items()}
    return Accounts(dict(told), recorded, tuple(wrong), tuple(lost), tuple(undeclared))


def resident_bytes(pid: int) -> dict[str, int]:
    """Return the memory of a process and that of its children, each alone."""
    children = [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in _kids(task)]
    return {"process": _rss(pid), "children": sum(map(_rss, children))}


def _kids(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0
