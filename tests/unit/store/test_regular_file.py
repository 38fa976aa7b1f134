"""Regular files are opened; whatever else stands there is refused and never waited for."""

import os
from pathlib import Path

import pytest

from zkattest.store.regular_file import open_regular


def test_file__opened(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


def test_file__refused_where_it_is_another_kind(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(path)


def test_file__refused_where_there_is_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
