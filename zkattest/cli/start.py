"""What the installed command calls: small, so that Ctrl-C finds it ready."""

from typing import NoReturn

from zkattest.cli.interrupts import ended_by_interrupts


def start() -> NoReturn:
    """Load the command line and run it; Ctrl-C ends the process without a traceback meanwhile."""
    with ended_by_interrupts():
        from zkattest.cli.main import run

    run()
