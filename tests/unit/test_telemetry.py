"""What a node counts and logs."""

import structlog
from structlog.testing import LogCapture

from zkattest.telemetry import (
    SHAPES,
    Measure,
    NodeObserver,
    NullObserver,
    Observer,
    Reading,
    level_of,
)
from zkattest.types.gossip import Verdict


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
            observer.observe_ms(measure, 1.0, "any" if SHAPES[measure].label else "")
        else:
            observer.count(measure, "any")
    text = observer.exposition().decode()
    for measure, shape in SHAPES.items():
        assert f"# HELP zkattest_{measure}" in text
        assert shape.meaning in text


def test_node_observer__times_by_label_and_below_zero() -> None:
    observer = NodeObserver()
    observer.observe_ms(Measure.PROOF_VERIFY_MS, 30.0, "sp1")
    observer.observe_ms(Measure.PROOF_AFTER_DEADLINE_MS, -75.0)
    text = observer.exposition().decode()
    assert 'zkattest_proof_verify_ms_bucket{le="50.0",system="sp1"} 1.0' in text
    assert 'zkattest_proof_after_deadline_ms_bucket{le="-100.0"} 0.0' in text
    assert 'zkattest_proof_after_deadline_ms_bucket{le="-50.0"} 1.0' in text


def test_readings__asked_for_at_each_exposition() -> None:
    observer = NodeObserver()
    values = iter(range(2))

    def source() -> list[Reading]:
        value = next(values)
        return [
            Reading("peers", "Peers", value),
            Reading("mesh", "Mesh", 1, {"topic": "proof"}),
            Reading("mesh", "Mesh", 2, {"topic": "block"}),
            Reading("bytes", "Bytes", 3, {"direction": "in"}, is_counter=True),
        ]

    observer.add_readings(source)
    assert "zkattest_peers 0.0" in observer.exposition().decode()
    text = observer.exposition().decode()
    assert "zkattest_peers 1.0" in text
    assert text.count("# TYPE zkattest_mesh gauge") == 1
    assert 'zkattest_mesh{topic="block"} 2.0' in text
    assert "# TYPE zkattest_bytes_total counter" in text


def test_level__of_events() -> None:
    assert level_of("state_not_kept", {}) == "warning"
    assert level_of("gossip_verdict", {"verdict": Verdict.ACCEPT}) == "debug"
    assert level_of("gossip_verdict", {"verdict": Verdict.REJECT}) == "info"
    assert level_of("decided", {}) == "info"


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
