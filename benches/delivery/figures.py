"""Bring together what the nodes saw: hops, percentiles, copies, traffic, memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from rich.table import Table

Results = Sequence[dict[str, Any]]


def quantile(values: Sequence[float], fraction: float) -> float:
    """Return the smallest value that a fraction of the values does not exceed."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * fraction // 1) - 1))]


def first_arrivals(results: Results) -> dict[tuple[int, int], tuple[int, float]]:
    """Map message and node to who sent it there first, and when, milliseconds into its slot."""
    return {
        (index, number): (sender, late_ms)
        for number, result in enumerate(results)
        for index, sender, late_ms in reversed(result["arrivals"])
    }


def hops(arrivals: dict[tuple[int, int], tuple[int, float]]) -> dict[tuple[int, int], int]:
    """Count for each arrival the links that the message passed from its publisher."""
    counted: dict[tuple[int, int], int] = {}
    for index, number in arrivals:
        count, at = 1, number
        while (before := arrivals[index, at][0]) is not None and (index, before) in arrivals:
            count, at = count + 1, before
        counted[index, number] = count
    return counted


def by_hop(results: Results) -> dict[int, list[float]]:
    """Group the milliseconds of all arrivals by hop count."""
    arrivals = first_arrivals(results)
    grouped: defaultdict[int, list[float]] = defaultdict(list)
    for key, count in hops(arrivals).items():
        grouped[count].append(arrivals[key][1])
    return dict(sorted(grouped.items()))


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return count, p50, p95, p99 and the largest."""
    return {
        "arrivals": len(values),
        "p50_ms": round(quantile(values, 0.5), 1),
        "p95_ms": round(quantile(values, 0.95), 1),
        "p99_ms": round(quantile(values, 0.99), 1),
        "max_ms": round(max(values, default=float("nan")), 1),
    }


def share(part: float, whole: float) -> float | None:
    """Divide what the kernel counted; none where the nodes had no interface of their own."""
    return round(part / whole, 3) if part and whole else None


def summarize(
    results: Results, size_bytes: int, deadline_ms: float, line_bytes: int | None = None
) -> dict[str, Any]:
    """
    Take the figures that the targets are about.

    `line_bytes` is what the line delivered, every packet with its headers: the kernels count a
    burst with the headers of one.
    """
    arrivals = first_arrivals(results)
    times = [late_ms for _, late_ms in arrivals.values()]
    published = sum(len(each["published"]) for each in results)
    expected = published * (len(results) - 1)
    needed_bytes = max(1, expected * size_bytes)
    total: Counter[str] = Counter()
    lag_ms: Counter[int] = Counter()
    for each in results:
        total.update(each["counters"])
        total.update(each["traffic"])
        lag_ms.update({int(ms): count for ms, count in each["lag_ms"].items()})
    lags = sorted(lag_ms.elements())
    return {
        "published": published,
        "expected": expected,
        "delivered": len(arrivals),
        "delivered_in_time": sum(late_ms <= deadline_ms for late_ms in times),
        "delivered_twice": sum(len(each["arrivals"]) for each in results) - len(arrivals),
        **percentiles(times),
        "copies": round(total["received"] / max(1, expected), 3),
        "traffic_factor": share(line_bytes or 0, needed_bytes),
        "payload_factor": round(total["received_bytes"] / needed_bytes, 3),
        "segments_sent_again": share(total["segments_sent_again"], total["segments_sent"]),
        "peak_rss_mib": round(max(each["peak_rss_mib"] for each in results), 1),
        "lag_p99_ms": quantile(lags, 0.99),
        "lag_max_ms": max(lags, default=0),
        "cpu_ms_per_delivery": round(
            1_000 * sum(each["cpu_s"] for each in results) / max(1, len(arrivals)), 1
        ),
        "connections_mean": round(sum(each["connections"] for each in results) / len(results), 1),
        "counters": dict(sorted(total.items())),
    }


def table(results: Results) -> Table:
    """Lay delivery times out by hop count."""
    view = Table(title="delivery, milliseconds into the slot")
    for heading in ("hops", "arrivals", "p50", "p95", "p99", "max"):
        view.add_column(heading, justify="right")
    grouped = by_hop(results)
    rows = [(str(count), values) for count, values in grouped.items()]
    rows.append(("all", [each for values in grouped.values() for each in values]))
    for name, values in rows:
        figures = percentiles(values)
        cells = (f"{figures[key]:,.0f}" for key in list(figures)[1:])
        view.add_row(name, f"{figures['arrivals']:,}", *cells)
    return view


def memory_over_time(results: Results) -> list[tuple[float, float, float]]:
    """Return seconds, mean and largest resident MiB over all nodes."""
    lines = []
    for samples in zip(*(each["memory"] for each in results), strict=False):
        sizes = [rss_mib for _, rss_mib in samples]
        lines.append((samples[0][0], round(sum(sizes) / len(sizes), 1), max(sizes)))
    return lines


def plot(results: Results, deadline_ms: float, description: str, path: Any) -> None:
    """Draw when messages arrive, by hop count, and what memory does meanwhile."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, (times, memory) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for count, values in by_hop(results).items():
        ordered = sorted(values)
        shares = [100 * (rank + 1) / len(ordered) for rank in range(len(ordered))]
        times.step(ordered, shares, where="post", label=f"{count} hops ({len(ordered):,})")
    times.axvline(deadline_ms, color="grey", linestyle=":", label="deadline")
    times.set(xlabel="milliseconds into the slot", ylabel="% delivered", title=description)
    times.title.set_fontsize(8)
    times.legend()
    lines = memory_over_time(results)
    seconds = [line[0] for line in lines]
    memory.plot(seconds, [line[1] for line in lines], label="mean of the nodes")
    memory.plot(seconds, [line[2] for line in lines], label="largest")
    memory.set(xlabel="seconds", ylabel="resident MiB", title="memory of a node", ylim=(0, None))
    memory.legend()
    figure.savefig(path, metadata={"Date": None})
