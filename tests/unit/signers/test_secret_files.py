"""Files that keep secrets are read up to a bound, and never shown."""

import os

import pytest

from zkattest.signers.keystore import KeystoreError
from zkattest.signers.secret_files import (
    MAX_KEYSTORE_BYTES,
    MAX_PASSWORD_BYTES,
    read_keystore_file,
    read_password_file,
)


def refused(read, path):
    with pytest.raises(KeystoreError) as refusal:
        read(path)
    assert refusal.value.path == path
    return refusal.value.field, refusal.value.reason


@pytest.mark.parametrize(
    ("read", "limit"),
    [(read_keystore_file, MAX_KEYSTORE_BYTES), (read_password_file, MAX_PASSWORD_BYTES)],
)
def test_file__refused_one_byte_above_its_bound(tmp_path, read, limit):
    path = tmp_path / "file"
    path.write_bytes(b"a" * limit)
    assert len(read(path)) == limit
    path.write_bytes(b"a" * (limit + 1))
    assert refused(read, path) == ("", f"more than {limit} bytes")


@pytest.mark.parametrize("read", [read_keystore_file, read_password_file])
def test_file__refused_when_it_is_missing(tmp_path, read):
    assert refused(read, tmp_path / "missing") == ("", "No such file or directory")


def test_keystore__refused_when_it_is_a_folder_or_a_device(tmp_path):
    assert refused(read_keystore_file, tmp_path) == ("", "not a regular file")
    zero = tmp_path / "zero"
    zero.symlink_to("/dev/zero")
    assert refused(read_keystore_file, zero) == ("", "not a regular file")
    assert refused(read_password_file, zero) == ("", f"more than {MAX_PASSWORD_BYTES} bytes")


def test_password__read_from_a_pipe(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, "wörd\n".encode())
    os.close(writer)
    path = tmp_path / "pipe"
    path.symlink_to(f"/proc/self/fd/{reader}")
    assert read_password_file(path) == "wörd\n"
    os.close(reader)


def test_password__refused_without_a_word_of_it(tmp_path):
    path = tmp_path / "password"
    path.write_bytes(b"secret\xff")
    with pytest.raises(KeystoreError) as refusal:
        read_password_file(path)
    assert str(refusal.value) == f"{path}: password: not UTF-8"
