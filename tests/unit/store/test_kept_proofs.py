"""Proofs under their hashes, bounded."""

import errno
import os

import pytest

from tests.helpers.disk import files_of_at_most
from zkattest.crypto.hashing import sha256
from zkattest.store import StoreError
from zkattest.store.kept_proofs import KeptProofs
from zkattest.types.programs import Sha256


def digest(proof):
    return Sha256(sha256(proof))


def test_proofs__are_given_back_over_a_restart(tmp_path):
    KeptProofs(tmp_path).put(b"proof", digest(b"proof"))
    kept = KeptProofs(tmp_path)
    assert kept.get(digest(b"proof")) == b"proof"
    assert kept.size_bytes == 5
    assert kept.get(digest(b"other")) is None


def test_proofs__kept_longest_go_first(tmp_path):
    kept = KeptProofs(tmp_path, max_bytes=10)
    for proof in (b"first", b"second", b"x" * 11):
        kept.put(proof, digest(proof))
    assert [kept.get(digest(p)) for p in (b"first", b"second", b"x" * 11)] == [
        None,
        b"second",
        None,
    ]
    os.utime(tmp_path / digest(b"second").hex(), (1, 1))
    again = KeptProofs(tmp_path, max_bytes=10)
    again.put(b"third", digest(b"third"))
    assert again.get(digest(b"second")) is None
    assert again.size_bytes == 5


def test_proofs__changed_on_disk_are_not_given_out(tmp_path):
    kept = KeptProofs(tmp_path)
    kept.put(b"proof", digest(b"proof"))
    (tmp_path / digest(b"proof").hex()).write_bytes(b"other")
    assert kept.get(digest(b"proof")) is None


def test_proofs__refused_without_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        KeptProofs(tmp_path / "file")


def test_proofs__leave_no_half_of_one_on_a_full_disk(tmp_path):
    kept, proof = KeptProofs(tmp_path), bytes(200)
    with files_of_at_most(100), pytest.raises(StoreError, match=os.strerror(errno.EFBIG)):
        kept.put(proof, digest(proof))
    assert list(tmp_path.iterdir()) == []
    kept.put(proof, digest(proof))
    assert kept.get(digest(proof)) == proof


@pytest.mark.parametrize("is_durable", [False, True])
def test_proofs__a_crash_leaves_no_part_of_one_behind(tmp_path, is_durable):
    kept = KeptProofs(tmp_path, is_durable=is_durable)
    digest = Sha256(sha256(b"whole"))
    kept.put(b"whole", digest)
    # The process was killed while it wrote another.
    torn = tmp_path / f"{'ab' * 32}.new"
    torn.write_bytes(b"par")
    again = KeptProofs(tmp_path, is_durable=is_durable)
    assert not torn.exists()
    assert (again.size_bytes, again.get(digest)) == (5, b"whole")


def test_proofs__what_is_refused_displaces_no_more_than_half(tmp_path):
    kept = KeptProofs(tmp_path, max_bytes=40)
    good = [b"good %05d" % number for number in range(4)]
    for proof in good:
        kept.put(proof, digest(proof))
    junk = [b"junk %05d" % number for number in range(50)]
    for proof in junk:
        kept.put(proof, digest(proof), is_refused=True)
        assert kept.size_bytes == 40
    assert [kept.get(digest(proof)) for proof in good] == [None, None, *good[2:]]
    assert [kept.get(digest(proof)) for proof in junk[-3:]] == [None, *junk[-2:]]
    # What is valid takes the room of what was kept longest, whatever it was.
    kept.put(b"more 00000", digest(b"more 00000"))
    assert [kept.get(digest(proof)) for proof in good] == [None, None, None, good[3]]
