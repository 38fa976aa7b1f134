"""
Write the log: one line an event on standard output, with a network's slot where there is one.

What peers can cause is bounded: beyond so many lines of one kind in a window the rest is counted
and left out, and the next line of that kind says how many. Secrets are never logged; addresses
lose their user and password on the way, should one slip in.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

import structlog

from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_sections import LogFormat, LogLevel, LogSettings
from zkattest.ports import Clock
from zkattest.telemetry import Measure, NodeObserver

Line = MutableMapping[str, Any]

# What a peer can make us say again and again; all else comes from us, at our own pace.
_CAUSED_BY_PEERS: Final = frozenset(
    {
        "gossip_verdict",
        "proof_judged",
        "proof_settled",
        "block_judged",
        "claim_proven",
        "peer_scores",
        "message",
    }
)
_KIND: Final = ("topic", "verdict", "reason", "cause", "status", "logger")
_MAX_KINDS: Final = 1_024
_MAX_TEXT: Final = 2_000
_USER_IN_URL: Final = re.compile(r"(?<=://)[^\s/@]+@")
_SECRET_FIELDS: Final = frozenset({"key_seed", "password", "secret", "token", "authorization"})


@dataclass(slots=True)
class _Window:
    ends_at_ms: int
    lines: int = 0
    left_out: int = 0


@dataclass(slots=True)
class RepeatLimit:
    """Leave out lines whose like came too often within a window; `now_ms` tells the time."""

    settings: LogSettings
    now_ms: Callable[[], int]
    left_out: Callable[[str], None]
    _windows: dict[tuple[str, ...], _Window] = field(default_factory=dict)

    def __call__(self, _: object, __: str, line: Line) -> Line:
        """Pass a line on, or raise `DropEvent`."""
        name = line["event"]
        if name not in _CAUSED_BY_PEERS:
            return line
        window = self._window((name, *(str(line.get(key)) for key in _KIND)))
        if window.lines >= self.settings.repeats:
            window.left_out += 1
            self.left_out(name)
            raise structlog.DropEvent
        window.lines += 1
        if window.left_out:
            line["left_out_before"] = window.left_out
            window.left_out = 0
        return line

    def _window(self, kind: tuple[str, ...]) -> _Window:
        now_ms = self.now_ms()
        window = self._windows.get(kind)
        if window is None:
            if len(self._windows) >= _MAX_KINDS:
                del self._windows[next(iter(self._windows))]
            window = self._windows[kind] = _Window(now_ms + self.settings.repeat_window_ms)
        elif now_ms >= window.ends_at_ms:
            window.ends_at_ms, window.lines = now_ms + self.settings.repeat_window_ms, 0
        return window


@dataclass(frozen=True, slots=True)
class SlotStamp:
    """Put the slot of this moment, and the milliseconds into it, on every line."""

    slots: SlotClock
    clock: Clock

    def __call__(self, _: object, __: str, line: Line) -> Line:
        """Stamp a line; before genesis the milliseconds are negative."""
        now_ms = self.clock.now_ms()
        slot = self.slots.slot_at(now_ms)
        line["now_slot"] = int(slot)
        line["now_slot_ms"] = now_ms - self.slots.start_ms(slot)
        return line


def make_harmless(_: object, __: str, line: Line) -> Line:
    """Blank what is secret by name, users in addresses, control characters; cut long texts."""
    for key, value in line.items():
        if key in _SECRET_FIELDS:
            line[key] = "hidden"
        elif isinstance(value, str):
            plain = "".join(c if c.isprintable() else "?" for c in value[:_MAX_TEXT])
            line[key] = _USER_IN_URL.sub("", plain)
    return line


class Output:
    """Write finished lines; a reader who has gone, or a full disk, ends no node."""

    def __init__(self, stream: TextIO, left_out: Callable[[str], None]) -> None:
        self._stream = stream
        self._left_out = left_out

    def msg(self, line: str) -> None:
        """Write one line, or count that it could not be."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # a stream that was closed raises the latter
            self._left_out("cannot_write")

    debug = info = warning = error = critical = msg


class StructlogHandler(logging.Handler):
    """Pass lines of the standard library's logging on, so that one format holds for all."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; of an exception only its kind and its text, not where it came from."""
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields |= {"error": type(error).__name__, "detail": str(error)}
        write = getattr(self._logger, record.levelname.lower(), self._logger.error)
        write("message", text=record.getMessage(), **fields)


def open_log(
    settings: LogSettings, slots: SlotClock | None, clock: Clock, stream: TextIO | None = None
) -> NodeObserver:
    """
    Make a log, on standard output by default, and the observer that writes it.

    Without `slots` there is no network whose time lines could be stamped with.
    """
    stream = stream or sys.stdout
    level = logging.getLevelNamesMapping()[settings.level.upper()]

    def left_out(name: str) -> None:
        observer.count(Measure.LOG_LINES_LEFT_OUT, name)

    logger = structlog.wrap_logger(
        Output(stream, left_out),
        processors=[
            RepeatLimit(settings, clock.now_ms, left_out),
            *([SlotStamp(slots, clock)] if slots is not None else []),
            make_harmless,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(settings.format, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    _take_over_logging(logger, settings.level)
    observer = NodeObserver(logger)
    return observer


def _take_over_logging(logger: structlog.typing.FilteringBoundLogger, level: LogLevel) -> None:
    """Send what modules and libraries log the same way; of libraries only what is amiss."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, StructlogHandler)]:
        root.removeHandler(handler)
    root.addHandler(StructlogHandler(logger))
    root.setLevel(logging.WARNING)
    logging.getLogger("zkattest").setLevel(level.upper())


def _renderer(form: LogFormat, stream: TextIO) -> structlog.typing.Processor:
    if form is LogFormat.JSON:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=stream.isatty())
