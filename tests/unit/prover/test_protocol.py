"""The worker's lines: what is read, and what is refused by name."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zkattest.prover.protocol import (
    Failed,
    Progress,
    ProtocolError,
    Ready,
    Result,
    encode_request,
    parse_event,
)

# Time says nothing about these codecs, and a busy machine is slow.
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_request__carries_id_op_and_absolute_paths(tmp_path: Path) -> None:
    encoded = encode_request("3", "prove", {"elf": tmp_path / "a", "for_proving": True})
    assert encoded.endswith(b"\n")
    assert json.loads(encoded) == {
        "id": "3",
        "op": "prove",
        "elf": str(tmp_path / "a"),
        "for_proving": True,
    }


def test_ready__is_read() -> None:
    event = parse_event(
        line(event="ready", protocol=1, worker="0.1", sp1="v6", pid=4, settings={"a": 1})
    )
    assert event == Ready(1, "0.1", "v6", 4, {"a": 1})


def test_progress__is_read_with_unknown_total() -> None:
    event = parse_event(
        line(event="progress", id="1", stage="core", done=2, total=None, detail=None, elapsed_ms=9)
    )
    assert event == Progress("1", "core", 2, None, None, 9)


def test_result__keeps_its_fields() -> None:
    event = parse_event(line(event="result", id="1", op="setup", program_vk="0x00"))
    assert isinstance(event, Result)
    assert event.fields["program_vk"] == "0x00"


def test_error__is_read_without_id() -> None:
    event = parse_event(line(event="error", id=None, kind="request", message="no", cause=None))
    assert event == Failed(None, "request", "no", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not an object"),
        (line(event="dance"), "unknown event 'dance'"),
        (line(event="progress", id=1), "id: 1 is not a text"),
        (line(event="ready", protocol=True), "protocol: True is not a number"),
        (line(event="ready", protocol=-1), "protocol: -1 is not a number"),
    ],
)
def test_line__refused_with_the_field(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_event(data)


@RELAXED
@given(st.binary(max_size=200))
def test_line__any_bytes_are_an_event_or_refused(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        parse_event(data)


VALUES = [None, True, -1, 0, 7, "", "x", "ready", "progress", "result", "error", [], {}]
NAMES = ["event", "id", "stage", "done", "total", "detail", "elapsed_ms", "kind", "settings"]


@RELAXED
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)))
def test_line__any_object_is_an_event_or_refused(fields: dict[str, object]) -> None:
    with contextlib.suppress(ProtocolError):
        parse_event(json.dumps(fields).encode())
