"""What commands that take a while share: read block packages, check targets, end cleanly."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import trio

from zkattest.cli.output import BadInput
from zkattest.types.errors import DecodeError
from zkattest.types.execution import MAX_PACKAGE_BYTES, BlockPackage
from zkattest.types.wire import PublicValues

Answer = TypeVar("Answer")
Arguments = TypeVarTuple("Arguments")


def read_package(path: Path) -> BlockPackage:
    """Read a block package; the file's size is checked before anything is decoded."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(path, "", "not a regular file")
        if status.st_size > MAX_PACKAGE_BYTES:
            raise BadInput(path, "", f"{status.st_size} bytes, at most {MAX_PACKAGE_BYTES}")
        return BlockPackage.decode(path.read_bytes())
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else failure
        raise BadInput(path, "", reason or failure) from None
    except DecodeError as failure:
        raise BadInput(path, failure.field, failure.reason) from None


def check_target(target: Path) -> None:
    """Refuse a place where a file could not be written."""
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise BadInput(target, "", "its folder does not exist or is not writable")


def run_cancellable(
    work: Callable[[*Arguments], Awaitable[Answer]], *arguments: *Arguments
) -> Answer:
    """
    Run async work that Ctrl-C, SIGTERM and SIGHUP end in good order.

    Raises `KeyboardInterrupt` after everything the work holds has been let go.
    """
    answers: list[Answer] = []

    async def main() -> None:
        with trio.CancelScope() as scope:
            trio.lowlevel.spawn_system_task(_cancel_on_signal, scope)
            answers.append(await work(*arguments))
        if scope.cancelled_caught:
            raise KeyboardInterrupt

    trio.run(main)
    return answers[0]


async def _cancel_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for _signal in signals:
            scope.cancel()


def describe_values(values: bytes) -> str:
    """Write what a run committed to in one line."""
    try:
        statement = PublicValues.decode(values)
    except DecodeError:
        return f"public values: 0x{values.hex()}"
    if statement.is_sentinel:
        return "public values: all zero; the guest could not use its input"
    return (
        f"public values: root {statement.root}, valid {'yes' if statement.valid else 'no'}, "
        f"chain id {statement.chain_id}, schema 0x{statement.schema_id:04x}"
    )
