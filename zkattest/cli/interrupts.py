"""Let Ctrl-C end what cannot hear it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """
    End the process at once on SIGINT inside the block, as a program without a handler does.

    Python hears of a signal when foreign code has returned, which may take seconds. Nothing inside
    may need to be undone. Who handles or ignores SIGINT otherwise goes on doing so.
    """
    handler = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if handler is not signal.default_int_handler or not is_main:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
