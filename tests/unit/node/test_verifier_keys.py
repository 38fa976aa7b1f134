"""Verifier keys are found by their hash, and only that: what stands there is not believed."""

import os

import pytest

from zkattest.crypto.hashing import sha256
from zkattest.node.verifier_keys import MAX_VERIFIER_KEY_BYTES, read_verifier_key
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.programs import Sha256

DIGEST = Sha256(sha256(b"key"))


def detail_of(folder, digest=DIGEST):
    with pytest.raises(CannotVerify) as failure:
        read_verifier_key(folder, digest)
    assert failure.value.cause is Cause.VERIFIER_KEY_MISSING
    return failure.value.detail


def test_key__found_by_its_hash(tmp_path):
    (tmp_path / DIGEST.hex()).write_bytes(b"key")
    assert read_verifier_key(tmp_path, DIGEST) == b"key"


def test_key__not_found_without_a_folder_or_a_file(tmp_path):
    assert "no folder" in detail_of(None)
    assert "No such file" in detail_of(tmp_path)


def test_key__not_believed_where_its_hash_is_another(tmp_path):
    (tmp_path / DIGEST.hex()).write_bytes(b"other")
    assert "another hash" in detail_of(tmp_path)


def test_key__read_up_to_its_bound(tmp_path):
    data = bytes(MAX_VERIFIER_KEY_BYTES + 2)
    digest = Sha256(sha256(data))
    (tmp_path / digest.hex()).write_bytes(data)
    assert "another hash" in detail_of(tmp_path, digest)


def test_key__never_waited_for_at_a_pipe_or_a_folder(tmp_path):
    os.mkfifo(tmp_path / DIGEST.hex())
    assert "not a regular file" in detail_of(tmp_path)
    (tmp_path / DIGEST.hex()).unlink()
    (tmp_path / DIGEST.hex()).mkdir()
    assert "not a regular file" in detail_of(tmp_path)
