"""
Measure delivery among nodes of one host over a bad network: time by hop count, traffic, memory.

Each node is a process with a `GossipHost`; messages are random bytes, which do not compress. The
verdict is ACCEPT, `--validation-ms` after arrival: that pause stands for verification. The network
is the shaper's (IP packets between namespaces) or, where namespaces are forbidden, a proxy's that
only delays. `--json` prints one object, `--results FOLDER` writes it there with a plot.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console

from benches.delivery import figures
from benches.delivery.network import (
    ROOT,
    DelayProxy,
    Namespaces,
    Network,
    NoNamespaces,
    Order,
    Shape,
    namespace_command,
)
from benches.delivery.node import DEADLINE_MS, Plan, seed
from benches.static.__main__ import machine
from zkattest.net import peer_id_of_seed

SETTLE_S = 2.0
PROGRESS_S = 60.0
ANSWER_S = 60.0
TARGETS = {
    "delivered_in_time": "all",
    "traffic_factor": 2.5,
    "peak_rss_mib": 300,
}
INSIDE = "--inside-a-user-namespace"


def topology(nodes: int, dials: int, rng: random.Random) -> list[list[int]]:
    """Choose whom each node dials, so that everybody can be reached from everybody."""
    while True:
        chosen = [
            sorted(rng.sample([other for other in range(nodes) if other != number], dials))
            for number in range(nodes)
        ]
        neighbours: list[set[int]] = [set(row) for row in chosen]
        for number, row in enumerate(chosen):
            for other in row:
                neighbours[other].add(number)
        reached, frontier = {0}, [0]
        while frontier:
            new = neighbours[frontier.pop()] - reached
            reached |= new
            frontier.extend(new)
        if len(reached) == nodes:
            return chosen


class Nodes:
    """Hold the processes of the nodes."""

    def __init__(self, plans: list[Plan], stack: ExitStack) -> None:
        self._processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benches.delivery.node", json.dumps(asdict(plan))],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for plan in plans
        ]
        stack.callback(self._kill)

    @property
    def process_ids(self) -> list[int]:
        """Return the ids of the processes, by number."""
        return [each.pid for each in self._processes]

    def hear(self) -> list[str]:
        """Read a line of each; end the run when one of them says nothing more."""
        return [self._line(number) for number in range(len(self._processes))]

    def _line(self, number: int) -> str:
        process = self._processes[number]
        stdout = cast("IO[str]", process.stdout)
        # Each line answers one of ours: nothing can wait in the buffer of the stream.
        if not select.select([stdout], [], [], ANSWER_S)[0]:
            raise SystemExit(f"benches.delivery: node {number} is silent for {ANSWER_S:g} s")
        if not (line := stdout.readline()):
            raise SystemExit(f"benches.delivery: node {number} ended with {process.wait()}")
        return line

    def tell(self, lines: list[str]) -> None:
        """Write a line to each."""
        for process, line in zip(self._processes, lines, strict=True):
            stdin = cast("IO[str]", process.stdin)
            stdin.write(line + "\n")
            stdin.flush()

    def _kill(self) -> None:
        for each in self._processes:
            each.kill()


def run(
    arguments: argparse.Namespace, network: Network, progress: Console
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run all nodes to the end; return what each saw, and what the network counted."""
    plans = [plan(arguments, number, network) for number in range(arguments.nodes)]
    dialled = topology(arguments.nodes, arguments.dials, random.Random(arguments.seed))  # noqa: S311
    names = [peer_id_of_seed(seed(number)) for number in range(arguments.nodes)]
    with ExitStack() as stack:
        nodes = Nodes(plans, stack)
        nodes.hear()
        network.join(nodes.process_ids)
        nodes.tell(
            [
                json.dumps(
                    {
                        "listen": network.listen(number),
                        "peers": [f"{network.dial(each)}/p2p/{names[each]}" for each in row],
                        "mesh": len(row),
                    }
                )
                for number, row in enumerate(dialled)
            ]
        )
        nodes.hear()
        progress.print(f"{arguments.nodes} nodes, {network.description}", soft_wrap=True)
        go_s = time.monotonic() + SETTLE_S
        nodes.tell([repr(go_s)] * arguments.nodes)
        every = max(1, round(PROGRESS_S / arguments.slot_s))
        for slot in range(1, slots(arguments) + 1):
            time.sleep(max(0.0, go_s + slot * arguments.slot_s - time.monotonic()))
            if slot % every == 0 and slot < slots(arguments):
                network.check()
                nodes.tell(["how"] * arguments.nodes)
                line = so_far(arguments, slot, nodes.hear())
                progress.print(line, highlight=False, soft_wrap=True)
        nodes.tell(["stop"] * arguments.nodes)
        results = [json.loads(line) for line in nodes.hear()]
    return results, network.close()


def so_far(arguments: argparse.Namespace, slot: int, lines: list[str]) -> str:
    """Say in one line what was delivered until the end of a slot, and what memory does."""
    said = [json.loads(line) for line in lines]
    delivered, in_time = (sum(each[key] for each in said) for key in ("delivered", "in_time"))
    expected = slot * arguments.types * (arguments.nodes - 1)
    sizes = [each["rss_mib"] for each in said]
    return (
        f"{slot * arguments.slot_s / 60:5.1f} min, slot {slot} of {slots(arguments)}: "
        f"{delivered:,} of {expected:,} delivered, {in_time:,} in time, "
        f"latest {max(each['latest_ms'] for each in said):,.0f} ms, "
        f"memory {sum(sizes) / len(sizes):.1f} MiB mean, {max(sizes):.1f} MiB largest"
    )


def slots(arguments: argparse.Namespace) -> int:
    """Return how many slots the run takes."""
    if arguments.minutes is not None:
        return max(1, int(arguments.minutes * 60 // arguments.slot_s))
    return int(arguments.slots)


def plan(arguments: argparse.Namespace, number: int, network: Network) -> Plan:
    """Say what one node does."""
    return Plan(
        number,
        arguments.nodes,
        slots(arguments),
        arguments.slot_s,
        arguments.types,
        arguments.size,
        arguments.validation_ms,
        max(1.0, slots(arguments) * arguments.slot_s / 240),
        network.in_namespace,
        {"congestion_control": arguments.congestion} | json.loads(arguments.settings),
    )


def chosen_network(arguments: argparse.Namespace) -> Network:
    """Take namespaces where they are permitted, else the proxy."""
    shape = Shape(
        arguments.delay_ms,
        arguments.jitter_ms,
        arguments.loss_percent,
        arguments.order,
        arguments.seed,
    )
    if arguments.proxy:
        return DelayProxy(shape, "asked for")
    try:
        if not arguments.inside_a_user_namespace and (prefix := namespace_command()):
            # All nodes and the shaper must share one user namespace: start again inside of it.
            command = [*prefix, sys.executable, "-m", "benches.delivery", *sys.argv[1:], INSIDE]
            raise SystemExit(subprocess.run(command, cwd=ROOT, check=False).returncode)
        return Namespaces(shape)
    except NoNamespaces as cause:
        return DelayProxy(shape, f"no namespaces: {cause}")


def main() -> None:
    """Print a table, or one JSON object; exit 1 when a message missed its deadline."""
    arguments = parsed()
    progress = Console(stderr=True, quiet=arguments.json)
    network = chosen_network(arguments)
    results, counted = run(arguments, network, progress)
    summary = figures.summarize(
        results, arguments.size, DEADLINE_MS, counted.get("delivered_bytes")
    )
    report = {
        **summary,
        "hops": {
            count: figures.percentiles(values) for count, values in figures.by_hop(results).items()
        },
        "network": network.description,
        "shaper": counted,
        "congestion_control": results[0]["congestion_control"]
        + (" refused" if summary["counters"].get("congestion_control_refused") else ""),
        "nodes": arguments.nodes,
        "slots": slots(arguments),
        "messages_a_slot": arguments.types,
        "size_bytes": arguments.size,
        "validation_stand_in_ms": arguments.validation_ms,
        "memory_mib": figures.memory_over_time(results),
        "targets": TARGETS,
        "machine": machine(),
    }
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        (arguments.results / "delivery.json").write_text(json.dumps(report, indent=1) + "\n")
        path = arguments.results / "delivery.svg"
        figures.plot(results, DEADLINE_MS, network.description, path)
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        show(report, figures.table(results))
    raise SystemExit(0 if summary["delivered_in_time"] == summary["expected"] else 1)


def show(report: dict[str, Any], view: Any) -> None:
    """Print the table and the figures below it."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(view)
    for name, value in report.items():
        if isinstance(value, int | float | str):
            target = f"   target {TARGETS[name]}" if name in TARGETS else ""
            console.print(f"{name:>30}  {value}{target}", highlight=False)
    console.print(f"{'shaper':>30}  {report['shaper']}", highlight=False)
    if report["traffic_factor"] is None:
        console.print(f"{'traffic_factor':>30}  not measured: no interface of their own")
    memory = report["memory_mib"]
    for seconds, mean_mib, largest_mib in memory[:: max(1, len(memory) // 12)]:
        console.print(f"{seconds:>30.0f} s  {mean_mib} MiB mean, {largest_mib} MiB largest")


def parsed() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="benches.delivery", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--results", type=Path, help="folder for delivery.json and delivery.svg")
    parser.add_argument("--nodes", type=int, default=16)
    parser.add_argument("--dials", type=int, default=5, help="peers that each node dials")
    parser.add_argument("--slots", type=int, default=20)
    parser.add_argument("--slot-s", type=float, default=12.0)
    parser.add_argument("--minutes", type=float, help="run as many slots as fit, memory by lines")
    parser.add_argument("--types", type=int, default=4, help="messages a slot, of as many nodes")
    parser.add_argument("--size", type=int, default=1_272_500, help="bytes of a message")
    parser.add_argument("--validation-ms", type=float, default=35.0, help="stands for verification")
    parser.add_argument("--delay-ms", type=float, default=50.0)
    parser.add_argument("--jitter-ms", type=float, default=20.0)
    parser.add_argument("--loss-percent", type=float, default=1.0)
    parser.add_argument(
        "--order", type=Order, default=Order.BURSTS, choices=list(Order), help="what stays together"
    )
    parser.add_argument("--congestion", default="bbr", help="TCP's congestion control")
    parser.add_argument("--settings", default="{}", help="fields of GossipSettings, in JSON")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proxy", action="store_true", help="only delay, as without namespaces")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
