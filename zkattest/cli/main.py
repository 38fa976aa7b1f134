"""Entry point: the table of commands, loaded one at a time so that help stays fast."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

from zkattest import __version__
from zkattest.cli.exit_codes import ExitCode

try:
    import typer
    from typer.core import TyperCommand, TyperGroup

    from zkattest.cli.output import BadInput, error_line
except KeyboardInterrupt:
    # Ctrl-C while this loads, which is most of the time before a command begins.
    sys.exit(ExitCode.INTERRUPTED)

# One line a command. The module `zkattest.cli.<name>`, `_` for `-`, holds `app`, a `typer.Typer`.
COMMANDS = {
    "check": "Check a block statically against its parent.",
    "verify": "Verify one proof of any program.",
    "which-revision": "Tell which revisions of EIP-8025 a message fits.",
    "sign-proof": "Sign a proof as a validator.",
    "publish-proof": "Have a node verify, sign and publish a proof.",
    "prove": "Prove the execution of a block.",
    "execute": "Count a block's cycles in the guest, without proving.",
    "prover": "Build or find the prover worker.",
    "state": "Look into a partial state, or fill it.",
    "registry": "Look into a registry of programs, sign or change it.",
    "evidence": "Look into an evidence log, or verify it again.",
    "node": "Run an attester node.",
    "engine": "Serve a proof engine over HTTP.",
    "enr": "Print our node record, or take another one apart.",
    "demo": "Play a proven chain to attesters, faults included.",
    "doctor": "Say what works here, what is missing, and how to get it.",
    "vectors": "Run conformance vectors, against this or another program.",
}


class LazyGroup(TyperGroup):
    """List commands by their summary and import a command's module only to run it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, summary in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Replace the summary by the real command once its name is known."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name in COMMANDS else command, rest


def load_command(name: str) -> Any:
    """Import one command's module and return what typer makes of its `app`."""
    module = importlib.import_module(f"zkattest.cli.{name.replace('-', '_')}")
    command: Any = typer.main.get_command(module.app)
    command.name = name
    # A group called without a command is a bad argument, answered in one line as others are.
    command.no_args_is_help = False
    return command


app = typer.Typer(cls=LazyGroup, pretty_exceptions_enable=False, rich_markup_mode=None)


def print_version(*, wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        typer.echo(f"zkattest {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and leave.",
            is_eager=True,
            callback=lambda value: print_version(wanted=value),
        ),
    ] = False,
) -> None:
    """
    Attest to Ethereum blocks by verifying proofs instead of executing them.

    Exit codes: 0 valid, 1 invalid, 2 could not check (bad input included).
    """


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line: one line for bad input, exit 130 for Ctrl-C, bugs propagate."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(arguments or ["--help"], standalone_mode=False, prog_name="zkattest")
    except BadInput as refusal:
        typer.echo(str(refusal), err=True)
        sys.exit(ExitCode.NOT_CHECKED)
    except typer.TyperException as refusal:
        typer.echo(error_line("arguments", "", refusal.format_message()), err=True)
        sys.exit(ExitCode.NOT_CHECKED)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone; nothing more can be said, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.NOT_CHECKED)
    sys.exit(code if isinstance(code, int) else ExitCode.VALID)


if __name__ == "__main__":
    run()
