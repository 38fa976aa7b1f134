"""What a node counts and logs."""

import structlog
from structlog.testing import LogCapture

from zkattest.telemetry import Measure, NodeObserver, NullObserver, Observer


def test_node_observer__counts_an_outcome_under_its_label() -> None:
    observer = NodeObserver()
    observer.count(Measure.BLOCKS_CHECKED, "valid")
    observer.count(Measure.BLOCKS_CHECKED, "valid")
    observer.observe_ms(Measure.STATIC_CHECK_MS, 3.0)
    text = observer.exposition().decode()
    assert 'zkattest_blocks_checked_total{outcome="valid"} 2.0' in text
    assert 'zkattest_static_check_ms_bucket{le="5.0"} 1.0' in text


def test_node_observer__takes_every_measure() -> None:
    observer = NodeObserver()
    for measure in Measure:
        if measure.endswith("_ms"):
            observer.observe_ms(measure, 1.0)
        else:
            observer.count(measure, "any")
    assert observer.exposition()


def test_node_observer__logs_bytes_as_hex() -> None:
    captured = LogCapture()
    observer = NodeObserver(structlog.wrap_logger(None, processors=[captured]))
    observer.event("block", block_hash=b"\x01\x02", slot=3)
    assert captured.entries == [
        {"event": "block", "block_hash": "0x0102", "slot": 3, "log_level": "info"}
    ]


def test_null_observer__ignores_everything() -> None:
    observer: Observer = NullObserver()
    observer.count(Measure.DECISIONS, "attest")
    observer.observe_ms(Measure.PROOF_VERIFY_MS, 1.0)
    observer.event("anything", field=b"")
