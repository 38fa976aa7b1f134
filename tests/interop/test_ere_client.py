"""Our client asks a server of another make, which speaks ere's messages by its own protobuf."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.programs import NoProgram, ere_js_command
from zkattest.rpc import EreClient, EreLimits
from zkattest.types import ere
from zkattest.types.ere import EreError, EreExecuted, EreProgramVk, EreProved, EreVerified
from zkattest.types.errors import SourceUnavailable

PROTO = Path(ere.__file__).with_suffix(".proto")
PROOF = bytes(range(256)) * 5_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start the server; give its address."""
    try:
        command = ere_js_command()
    except NoProgram as missing:
        pytest.skip(str(missing))
    with subprocess.Popen(
        [*command, json.dumps({"proto": str(PROTO)})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()
        assert process.wait(10) == 0


def test_every_method__answered_by_a_foreign_server(server: str) -> None:
    client = EreClient(server, EreLimits(deadline_ms=20_000))
    assert client.program_vk() == EreProgramVk(b"\x07" * 32)
    assert client.verify(PROOF) == EreVerified(PROOF[::-1])
    assert client.verify(b"") == EreError("an empty proof")
    assert client.execute(b"in") == EreExecuted(b"ni", duration_nanos=5_000_000_000)
    assert client.prove(b"in", b"proofs") == EreProved(b"in", b"sfoorp", duration_nanos=1)
    client.close()


def test_refusal__told_in_the_words_of_a_foreign_server(server: str) -> None:
    client = EreClient(f"{server}/elsewhere/", EreLimits(deadline_ms=20_000))
    path = "/elsewhere/twirp/api.ZkvmService/ProgramVk"
    with pytest.raises(SourceUnavailable, match=f"HTTP status 404: bad_route: no method {path}"):
        client.program_vk()
    client.close()
