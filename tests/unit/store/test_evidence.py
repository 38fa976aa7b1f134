"""The evidence log on disk: appended, rotated, torn by a crash, tampered with."""

import errno
import os

import pytest

from tests.helpers.disk import files_of_at_most
from tests.helpers.evidence import make_record
from zkattest.spec.evidence import ChainBroken, ChainFault, ChainHead
from zkattest.store.evidence import (
    EvidenceError,
    EvidenceLimits,
    EvidenceLog,
    FlushPolicy,
    log_files,
    read_head,
    read_log,
)


def fill(folder, count, *, start=0, flush=FlushPolicy.INTERVAL, limits=None):
    log = EvidenceLog(folder, flush, limits)
    ids = [log.append(make_record(number)) for number in range(start, start + count)]
    log.close()
    return ids


def fault_of(folder):
    with pytest.raises(ChainBroken) as broken:
        list(read_log(folder))
    return broken.value.fault, broken.value.sequence


@pytest.mark.parametrize("flush", list(FlushPolicy))
def test_log__gives_back_what_was_appended_over_restarts(tmp_path, flush):
    ids = fill(tmp_path, 3, flush=flush) + fill(tmp_path, 2, start=3, flush=flush)
    found = list(read_log(tmp_path))
    assert [record for record, _ in found] == [make_record(number) for number in range(5)]
    assert [link.id for _, link in found] == ids
    assert [link.sequence for _, link in found] == list(range(5))
    assert read_head(tmp_path) == ChainHead(0, found[-1][1])


def test_log__refused_while_another_writes(tmp_path):
    log = EvidenceLog(tmp_path)
    with pytest.raises(EvidenceError, match="another process"):
        EvidenceLog(tmp_path)
    log.close()
    EvidenceLog(tmp_path).close()


def test_log__drops_a_record_that_a_crash_tore(tmp_path):
    fill(tmp_path, 2)
    (path,) = log_files(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"half":')
    assert fault_of(tmp_path) == (ChainFault.TORN_END, 2)
    log = EvidenceLog(tmp_path)
    assert (log.dropped_bytes, log.records) == (8, 2)
    log.append(make_record(2))
    log.close()
    assert len(list(read_log(tmp_path))) == 3


def test_log__refused_where_its_end_was_cut_off(tmp_path):
    fill(tmp_path, 3)
    (path,) = log_files(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert fault_of(tmp_path) == (ChainFault.CUT_END, 2)
    with pytest.raises(EvidenceError, match="cut_end at record 2: 1 records are missing"):
        EvidenceLog(tmp_path)


def test_log__refused_where_its_files_are_gone(tmp_path):
    fill(tmp_path, 1)
    for path in log_files(tmp_path):
        path.unlink()
    with pytest.raises(EvidenceError, match="cut_end"):
        EvidenceLog(tmp_path)


def test_log__refused_where_a_record_was_changed(tmp_path):
    fill(tmp_path, 3)
    (path,) = log_files(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"slot":1', b'"slot":9'))
    assert fault_of(tmp_path) == (ChainFault.HASH_MISMATCH, 1)
    with pytest.raises(EvidenceError, match="hash_mismatch at record 1"):
        EvidenceLog(tmp_path)


def test_log__refused_where_its_last_record_was_exchanged(tmp_path):
    fill(tmp_path / "a", 2)
    other = EvidenceLog(tmp_path / "b")
    other.append(make_record(0))
    other.append(make_record(9))
    other.close()
    (path,), (foreign,) = log_files(tmp_path / "a"), log_files(tmp_path / "b")
    path.write_bytes(foreign.read_bytes())
    assert fault_of(tmp_path / "a") == (ChainFault.HEAD_MISMATCH, 1)


def test_log__lost_head_is_noticed_by_whoever_kept_a_copy_only(tmp_path):
    ids = fill(tmp_path, 2)
    (tmp_path / "head.json").unlink()
    assert [link.id for _, link in read_log(tmp_path)] == ids


def test_log__refused_with_a_damaged_head(tmp_path):
    fill(tmp_path, 1)
    (tmp_path / "head.json").write_text("[]")
    with pytest.raises(EvidenceError, match=r"head\.json"):
        EvidenceLog(tmp_path)


def test_log__rotates_and_forgets_the_oldest_files(tmp_path):
    limits = EvidenceLimits(max_file_bytes=1, max_files=3)
    ids = fill(tmp_path, 6, limits=limits)
    assert [path.name for path in log_files(tmp_path)] == [
        "log-00000003.jsonl",
        "log-00000004.jsonl",
        "log-00000005.jsonl",
    ]
    assert [link.id for _, link in read_log(tmp_path)] == ids[3:]
    again = fill(tmp_path, 2, start=6, limits=limits)
    assert [link.id for _, link in read_log(tmp_path)] == [ids[5], *again]


def test_log__refused_where_a_file_in_the_middle_is_gone(tmp_path):
    fill(tmp_path, 4, limits=EvidenceLimits(max_file_bytes=1))
    log_files(tmp_path)[1].unlink()
    assert fault_of(tmp_path) == (ChainFault.SEQUENCE_GAP, 1)


def test_log__refused_where_the_first_file_is_gone(tmp_path):
    fill(tmp_path, 3, limits=EvidenceLimits(max_file_bytes=1))
    log_files(tmp_path)[0].unlink()
    assert fault_of(tmp_path) == (ChainFault.CUT_START, 1)


def test_log__goes_on_behind_an_empty_new_file(tmp_path):
    # A crash came between a new file and its first record.
    ids = fill(tmp_path, 2)
    (tmp_path / "log-00000002.jsonl").touch()
    ids += fill(tmp_path, 1, start=2)
    assert [link.id for _, link in read_log(tmp_path)] == ids


def test_append__refused_when_closed_and_for_a_record_that_is_too_long(tmp_path):
    log = EvidenceLog(tmp_path)
    with pytest.raises(EvidenceError, match="a record of"):
        log.append(make_record(0, detail="x" * (1 << 18)))
    log.append(make_record(0))
    log.close()
    with pytest.raises(EvidenceError, match="closed"):
        log.append(make_record(1))
    assert len(list(read_log(tmp_path))) == 1


def test_log__refused_without_a_folder_that_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="file"):
        EvidenceLog(tmp_path / "file")
    with pytest.raises(EvidenceError, match="no log"):
        list(read_log(tmp_path))


@pytest.mark.parametrize("flush", list(FlushPolicy))
def test_append__refused_on_a_full_disk_and_taken_when_there_is_room_again(tmp_path, flush):
    log = EvidenceLog(tmp_path, flush)
    ids = [log.append(make_record(0))]
    size_bytes = log_files(tmp_path)[0].stat().st_size
    # Room for a part of the record: what was written of it has to go again.
    with (
        files_of_at_most(size_bytes + 100),
        pytest.raises(EvidenceError, match=os.strerror(errno.EFBIG)),
    ):
        log.append(make_record(1))
    assert log_files(tmp_path)[0].stat().st_size == size_bytes
    ids.append(log.append(make_record(1)))
    log.close()
    assert [link.id for _, link in read_log(tmp_path)] == ids


def test_append__keeps_what_is_there_when_no_new_file_can_be_begun(tmp_path):
    log = EvidenceLog(tmp_path, FlushPolicy.NEVER, EvidenceLimits(max_file_bytes=1))
    ids = [log.append(make_record(0))]
    # The head cannot be written, as on a full disk.
    (tmp_path / "head.json.new").mkdir()
    with pytest.raises(EvidenceError, match=os.strerror(errno.EISDIR)):
        log.append(make_record(1))
    (tmp_path / "head.json.new").rmdir()
    ids.append(log.append(make_record(1)))
    log.close()
    assert [link.id for _, link in read_log(tmp_path)] == ids


def test_log__never_waited_for_where_its_files_are_pipes(tmp_path):
    os.mkfifo(tmp_path / "head.json")
    with pytest.raises(EvidenceError, match="not a regular file"):
        list(read_log(tmp_path))
    (tmp_path / "head.json").unlink()
    os.mkfifo(tmp_path / "log-00000000.jsonl")
    with pytest.raises(EvidenceError, match="not a regular file"):
        list(read_log(tmp_path))
