"""The three answers of every command that judges something, as exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Say valid, invalid or could not check; bad input is could not check too."""

    VALID = 0
    INVALID = 1
    NOT_CHECKED = 2
    INTERRUPTED = 130
