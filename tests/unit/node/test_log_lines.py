"""Log lines are stamped, bounded where peers cause them, harmless, and never end a node."""

import io
import json
import logging

import pytest
import structlog

from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_sections import LogFormat, LogLevel, LogSettings
from zkattest.node.log_lines import Output, RepeatLimit, make_harmless, open_log
from zkattest.types.gossip import Verdict

SLOTS = SlotClock(genesis_time_ms=10_000, slot_ms=4_000)


class Clock:
    now = 10_000 + 3 * 4_000 + 70

    def now_ms(self):
        return self.now


@pytest.fixture
def log():
    """Open logs that write to memory, and give logging back as it was."""
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, logging.getLogger("zkattest").level
    text, clock = io.StringIO(), Clock()

    def start(slots=SLOTS, **options):
        return open_log(LogSettings(**options), slots, clock, text), clock, text

    yield start
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("zkattest").setLevel(ours)


def lines(text):
    return [json.loads(line) for line in text.getvalue().splitlines()]


def left_out(observer):
    found = observer.registry.get_sample_value
    return lambda name: found("zkattest_log_lines_left_out_total", {"outcome": name})


def test_line__says_no_slot_where_there_is_no_network(log):
    observer, _, text = log(slots=None)
    observer.event("listening")
    (line,) = lines(text)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "listening", "level": "info"}


def test_line__says_slot_milliseconds_and_level(log):
    observer, _, text = log()
    observer.event("block_judged", block_hash=b"\x01", slot=2)
    (line,) = lines(text)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "block_judged",
        "block_hash": "0x01",
        "slot": 2,
        "now_slot": 3,
        "now_slot_ms": 70,
        "level": "info",
    }


def test_line__before_genesis_counts_down(log):
    observer, clock, text = log()
    clock.now = 9_000
    observer.event("listening")
    assert (lines(text)[0]["now_slot"], lines(text)[0]["now_slot_ms"]) == (0, -1_000)


def test_level__leaves_out_what_is_below(log):
    observer, _, text = log(level=LogLevel.WARNING)
    observer.event("decided")
    observer.event("state_not_kept", detail="disk full")
    assert [(line["event"], line["level"]) for line in lines(text)] == [
        ("state_not_kept", "warning")
    ]


def test_verdict__is_for_those_who_look_closely_unless_it_is_a_rejection(log):
    observer, _, text = log()
    for verdict in Verdict:
        observer.event("gossip_verdict", verdict=verdict)
    assert [line["verdict"] for line in lines(text)] == ["reject"]


def test_repeats__bounded_by_kind_and_counted(log):
    observer, clock, text = log(repeats=2, repeat_window_ms=1_000)
    for number in range(5):
        observer.event("proof_judged", reason="proof_invalid", from_peer=str(number))
    observer.event("proof_judged", reason="another")
    assert [line["reason"] for line in lines(text)] == ["proof_invalid"] * 2 + ["another"]
    assert left_out(observer)("proof_judged") == 3
    clock.now += 1_000
    observer.event("proof_judged", reason="proof_invalid")
    assert lines(text)[-1]["left_out_before"] == 3
    observer.event("proof_judged", reason="proof_invalid")
    assert "left_out_before" not in lines(text)[-1]


def test_repeats__unbounded_for_what_comes_from_us(log):
    observer, _, text = log(repeats=1)
    for slot in range(50):
        observer.event("decided", slot=slot)
    assert len(lines(text)) == 50


def test_repeats__remember_a_bounded_number_of_kinds():
    limit = RepeatLimit(LogSettings(), Clock().now_ms, lambda name: None)
    for number in range(5_000):
        limit(None, "info", {"event": "message", "reason": str(number)})
    assert len(limit._windows) == 1_024


def test_library__logs_in_the_same_form_without_a_traceback(log):
    _, _, text = log()
    error = ValueError("no\nsuch peer")
    logging.getLogger("zkattest.net.host").warning("connection to %s failed", "p", exc_info=error)
    logging.getLogger("libp2p").info("chatter")
    (line,) = lines(text)
    told = {key: line[key] for key in ("event", "logger", "text", "error", "detail", "level")}
    assert told == {
        "event": "message",
        "logger": "zkattest.net.host",
        "text": "connection to p failed",
        "error": "ValueError",
        "detail": "no?such peer",
        "level": "warning",
    }


def test_library__bounded_too(log):
    _, _, text = log(repeats=3)
    for number in range(10):
        logging.getLogger("zkattest.net.host").warning("connection to %s failed", number)
    assert len(lines(text)) == 3


def test_harmless__hides_secrets_users_and_control_characters():
    line = make_harmless(
        None,
        "info",
        {
            "event": "x",
            "password": "hunter2",
            "key_seed": "0x00",
            "url": "http://user:word@host:1/path",
            "detail": "red\x1b[31m\nforged line",
            "long": "a" * 10_000,
            "slot": 3,
        },
    )
    assert line.pop("long") == "a" * 2_000
    assert line == {
        "event": "x",
        "password": "hidden",
        "key_seed": "hidden",
        "url": "http://host:1/path",
        "detail": "red?[31m?forged line",
        "slot": 3,
    }


@pytest.mark.parametrize("error", [BrokenPipeError, OSError, ValueError])
def test_output__ends_nothing_when_it_cannot_be_written(error):
    class Full(io.StringIO):
        def write(self, text):
            raise error("gone")

    told = []
    Output(Full(), told.append).info("line")
    assert told == ["cannot_write"]


def test_console__written_for_a_person(log):
    observer, _, text = log(format=LogFormat.CONSOLE)
    observer.event("decided", slot=1)
    assert "now_slot_ms=70" in text.getvalue()
    assert "\x1b" not in text.getvalue()


def test_repeats__drop_by_structlog_s_own_word():
    limit = RepeatLimit(LogSettings(repeats=1), Clock().now_ms, lambda name: None)
    limit(None, "info", {"event": "message"})
    with pytest.raises(structlog.DropEvent):
        limit(None, "info", {"event": "message"})
