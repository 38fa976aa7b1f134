"""The delivery benchmark: its figures, its networks, and a short run of it."""

import json
import random
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benches.delivery import figures
from benches.delivery.__main__ import so_far, topology
from benches.delivery.network import DelayProxy, Namespaces, NoNamespaces, Shape, namespace_command

ROOT = Path(__file__).resolve().parents[2]
SHAPED = (
    "packets of 50 ± 20 ms one way, 1 % of them lost, "
    "what TCP sends at once stays together, bursts overtake each other"
)


def result(arrivals: list[tuple[int, int, float]], published: list[int]) -> dict[str, Any]:
    """Return what one node saw, of 100 bytes a message."""
    return {
        "arrivals": arrivals,
        "published": published,
        "counters": {"received": len(arrivals), "received_bytes": 100 * len(arrivals)},
        "traffic": {
            "wire_received_bytes": 150 * len(arrivals),
            "segments_sent": 100,
            "segments_sent_again": 2,
        },
        "memory": [(0.0, 80.0), (1.0, 90.0 + len(arrivals))],
        "lag_ms": {"0": 8, "30": 2},
        "peak_rss_mib": 95.0,
        "cpu_s": 0.3,
        "connections": 2,
    }


# Node 0 publishes message 0, which goes to 1 and from there to 2, and comes to 2 again from 0.
RESULTS = [
    result([], [0]),
    result([(0, 0, 120.0)], []),
    result([(0, 1, 250.0), (0, 0, 4_100.0)], []),
]


def test_hops__count_the_links_from_the_publisher() -> None:
    assert figures.by_hop(RESULTS) == {1: [120.0], 2: [250.0]}


def test_summary__counts_every_copy_and_first_arrivals_alone() -> None:
    assert figures.summarize(RESULTS, 100, 200.0, 450) == {
        "published": 1,
        "expected": 2,
        "delivered": 2,
        "delivered_in_time": 1,
        "delivered_twice": 1,
        "arrivals": 2,
        "p50_ms": 120.0,
        "p95_ms": 250.0,
        "p99_ms": 250.0,
        "max_ms": 250.0,
        "copies": 1.5,
        "traffic_factor": 2.25,
        "payload_factor": 1.5,
        "segments_sent_again": 0.02,
        "peak_rss_mib": 95.0,
        "lag_p99_ms": 30,
        "lag_max_ms": 30,
        "cpu_ms_per_delivery": 450.0,
        "connections_mean": 2.0,
        "counters": {
            "received": 3,
            "received_bytes": 300,
            "segments_sent": 300,
            "segments_sent_again": 6,
            "wire_received_bytes": 450,
        },
    }


def test_progress__is_a_line_of_what_came_until_now() -> None:
    said = [
        {"delivered": 3, "in_time": 2, "latest_ms": 4100.4, "rss_mib": 90.0},
        {"delivered": 4, "in_time": 4, "latest_ms": 900.0, "rss_mib": 100.0},
    ]
    arguments = Namespace(slots=10, minutes=None, slot_s=12.0, types=4, nodes=2)
    assert so_far(arguments, 5, [json.dumps(each) for each in said]) == (
        "  1.0 min, slot 5 of 10: 7 of 20 delivered, 6 in time, latest 4,100 ms, "
        "memory 95.0 MiB mean, 100.0 MiB largest"
    )


def test_memory__is_the_mean_and_the_largest_of_the_nodes() -> None:
    assert figures.memory_over_time(RESULTS) == [(0.0, 80.0, 80.0), (1.0, 91.0, 92.0)]


def test_quantile__is_a_value_that_occurred() -> None:
    values = [float(each) for each in range(1, 101)]
    assert [figures.quantile(values, part) for part in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]


def test_topology__connects_everybody_and_is_repeated_by_its_seed() -> None:
    for nodes, dials in ((2, 1), (6, 1), (16, 5)):
        rows = topology(nodes, dials, random.Random(nodes))
        assert rows == topology(nodes, dials, random.Random(nodes))
        assert all(len(row) == dials and number not in row for number, row in enumerate(rows))
        reached = {0}
        for _ in range(nodes):
            for number, row in enumerate(rows):
                if number in reached or reached & set(row):
                    reached |= {number, *row}
        assert reached == set(range(nodes))


def run(*arguments: str) -> dict[str, Any]:
    """Run the benchmark; whether it was in time is not asked of a busy machine."""
    command = [sys.executable, "-m", "benches.delivery", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
def test_delivery__reaches_everybody_over_a_bad_line_within_the_traffic_allowed(
    tmp_path: Path,
) -> None:
    try:
        namespace_command()
        Namespaces(Shape())
    except NoNamespaces as cause:
        pytest.skip(f"no network namespaces here: {cause}")
    short = ("--nodes", "6", "--dials", "2", "--types", "3", "--slots", "1", "--slot-s", "9")
    report = run(*short, "--results", str(tmp_path))
    assert report["network"] == SHAPED
    assert (report["published"], report["delivered"]) == (3, 15)
    assert report["delivered_twice"] == 0
    assert 1.0 <= report["payload_factor"] <= report["traffic_factor"] <= 2.5
    shaper = report["shaper"]
    assert 0.005 < shaper["lost"] / shaper["packets"] < 0.02
    assert shaper["overflowed"] == shaper["refused"] == 0
    # What is lost is sent again by the kernels' TCP, and nobody is told before 30 ms.
    assert report["segments_sent_again"] > 0.005
    assert report["hops"]["1"]["p50_ms"] > 30
    assert set(report["hops"]) <= {"1", "2", "3", "4", "5"}
    assert report["peak_rss_mib"] < 300
    assert json.loads((tmp_path / "delivery.json").read_text()) == report
    assert (tmp_path / "delivery.svg").read_text().startswith("<?xml")


def test_delivery__without_namespaces_says_that_nothing_is_lost() -> None:
    report = run(
        "--nodes", "3", "--dials", "1", "--types", "1", "--slots", "1", "--slot-s", "3", "--proxy"
    )
    assert report["network"] == DelayProxy(Shape(), "asked for").description
    assert "nothing is lost" in report["network"]
    assert report["delivered"] == report["expected"] == 2
    assert report["traffic_factor"] is None
    assert min(each["p50_ms"] for each in report["hops"].values()) > 60
