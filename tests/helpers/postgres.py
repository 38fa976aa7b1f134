"""A real PostgreSQL server in a folder of its own, for as long as a test session needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def is_installed() -> bool:
    return bool(PROGRAMS)


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of an empty database; the server listens on a socket in its folder only."""
    folder = PROGRAMS[-1].parent
    home = Path(tempfile.mkdtemp(prefix="zkattest-postgres-"))
    # The server refuses to run as root.
    user = "nobody" if os.getuid() == 0 else None
    if user:
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    data = home / "data"

    def run(*command: str | Path) -> None:
        environment = {**os.environ, "HOME": str(home)}
        done = subprocess.run(
            command, cwd=home, env=environment, user=user, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")

    try:
        run(folder / "initdb", "-D", data, "-U", "zkattest", "--auth=trust", "--no-sync")
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        run(folder / "pg_ctl", "-D", data, "-l", home / "log", "-w", "-o", options, "start")
        yield f"postgresql://zkattest@/postgres?unix_sock={home}/.s.PGSQL.5432"
    finally:
        if (data / "postmaster.pid").exists():
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)
