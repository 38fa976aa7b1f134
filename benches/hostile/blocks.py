"""Make the blocks that are meant to be dear, and the honest ones they are compared with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from benches.hostile.parts import Body, State, deep_state, package, senders_state
from tests.helpers import rlp
from tests.helpers.transactions import CHAIN_ID, RECIPIENT, Tx, blob_hash, key
from tests.helpers.trie import hex_prefix
from zkattest.crypto.hashing import keccak256
from zkattest.types.execution import BlockPackage, Withdrawal
from zkattest.types.ids import Address

MIB = 1 << 20
# The limit of EIP-7934, less what the header and the heads of lists take.
ROOM_BYTES = 8 * MIB - 2_048
MAX_GAS = 1 << 24
SOME, MANY = 20_000, 70_000


@dataclass(frozen=True)
class Workload:
    """One package, and who is said to have sent: nobody, the senders, or others."""

    name: str
    package: BlockPackage
    hints: str = "none"


@cache
def _signed(count: int) -> tuple[Tx, ...]:
    return tuple(Tx(signer=key(number), to=number.to_bytes(20, "big")) for number in range(count))


@cache
def _body(count: int) -> Body:
    return Body.of(_signed(count))


@cache
def _state(count: int) -> State:
    return senders_state(count)


def honest(count: int) -> Workload:
    """Make a block with one transfer from each sender, and the witness that it needs."""
    return Workload(f"honest, {count:,} transfers", package(_body(count), _state(count)))


def no_point() -> int:
    """Find a number of 32 bytes that is the x of no point of secp256k1."""
    field = 2**256 - 2**32 - 977
    return next(x for x in itertools.count(1 << 255) if pow(x**3 + 7, (field - 1) // 2, field) != 1)


def full_of(item: bytes, room_bytes: int = ROOM_BYTES) -> bytes:
    """Repeat an item as often as there is room."""
    return item * (room_bytes // len(item))


def fill(make: Iterator[Tx], room_bytes: int = ROOM_BYTES) -> Body:
    """Take transactions as long as there is room."""
    taken, size_bytes = [], 0
    for tx in make:
        size_bytes += len(tx.raw()) + 4
        if size_bytes > room_bytes:
            break
        taken.append(tx)
    return Body.of(taken)


def counts() -> Iterator[Workload]:
    """Fill blocks with as many things of one kind as there is room for."""
    state = _state(SOME)
    smallest = rlp.encode([b""] * 9)
    yield Workload("8 MiB of zeros as the block", replace(honest(1).package, block=bytes(8 * MIB)))
    yield Workload("8 MiB of one-byte transactions", package(Body(bytes(ROOM_BYTES)), state))
    yield Workload("smallest transactions, 8 MiB", package(Body(full_of(smallest)), state))
    yield Workload("smallest transactions, most decoded", package(Body(smallest * 1_200), state))
    one = Tx(signer=key(0))
    zeros = (one.but(nonce=n, data=bytes(1_600_000), gas=MAX_GAS) for n in range(99))
    yield Workload("8 MiB of zeros as calldata", package(fill(zeros), state))
    addresses = tuple((n.to_bytes(20, "big"), ()) for n in range(6_900))
    listed = (one.but(type=1, nonce=n, access_list=addresses, gas=MAX_GAS) for n in range(99))
    yield Workload("access list addresses", package(fill(listed), state))
    slots = ((RECIPIENT, tuple(n.to_bytes(32, "big") for n in range(8_800))),)
    listed = (one.but(type=1, nonce=n, access_list=slots, gas=MAX_GAS) for n in range(99))
    yield Workload("access list keys", package(fill(listed), state))
    hashes = tuple(blob_hash(n) for n in range(1_000))
    blobs = (one.but(type=3, nonce=n, blobs=hashes, gas=MAX_GAS) for n in range(300))
    yield Workload("blobs' hashes", package(fill(blobs), state))
    payee = Address(bytes(20))
    paid = tuple(Withdrawal(0, 0, payee, 0) for _ in range(ROOM_BYTES // 25))
    yield Workload("withdrawals", package(Body(withdrawals=paid), state))


def authorizations() -> Iterator[Workload]:
    """Fill blocks with authorizations: the rules recover who signed each of them."""
    random = Random(7_886)  # noqa: S311 - any numbers will do

    def signed() -> list[object]:
        return [CHAIN_ID, RECIPIENT, 0, 1, random.getrandbits(256), random.getrandbits(254)]

    # The smallest signature that recovers to somebody: r is the x of a point.
    shortest: list[object] = [0, RECIPIENT, 0, 0, 1, 1]

    def txs(tuples: list[list[object]]) -> Iterator[Tx]:
        for nonce in range(10_000):
            yield Tx(type=4, signer=key(0), nonce=nonce, gas=MAX_GAS, authorizations=tuple(tuples))

    state = _state(SOME)
    yield Workload("authorizations", package(fill(txs([signed() for _ in range(660)])), state))
    yield Workload("shortest authorizations, 8 MiB", package(fill(txs([shortest] * 660)), state))
    # Calldata makes the block large enough for as many signatures as a check may recover.
    padding = Tx(signer=key(0), nonce=199, data=bytes(1_600_000), gas=MAX_GAS)
    padded = [
        *itertools.islice(txs([shortest] * 600), 199),
        *(padding.but(nonce=199 + n) for n in range(3)),
    ]
    yield Workload("shortest authorizations, most checked", package(Body.of(padded), state))


def witnesses() -> Iterator[Workload]:
    """Spend the bytes on the witness instead."""
    body, state = _body(SOME), _state(SOME)
    crumbs = tuple(n.to_bytes(3, "big") for n in range(1_000_000))
    yield Workload("a million tiny nodes", package(body, replace(state, nodes=crumbs)))
    small = tuple(n.to_bytes(64, "big") for n in range(1 << 18))
    yield Workload("nodes of 64 bytes, most hashed", package(body, replace(state, nodes=small)))
    # One account below each branch of the fourth level: all else of the way is its own.
    apart = {keccak256(tx.sender).hex()[:4]: tx for tx in _signed(SOME)[:3_000]}.values()
    few, deep = Body.of(apart), deep_state([tx.sender for tx in apart])
    yield Workload("64 levels to each account", package(few, deep))
    padding = tuple(n.to_bytes(532, "big") for n in range(12_000))
    padded = replace(deep, nodes=(*deep.nodes, *padding))
    yield Workload("64 levels to each account, padded", package(few, padded))
    long_key = rlp.encode([hex_prefix([0] * (2 * MIB - 200), leaf=False), keccak256(b"")])
    yield Workload(
        "a key of 1 MiB at the root", package(body, State(keccak256(long_key), (long_key,)))
    )
    yield Workload(
        "all senders with 4 MiB of code", package(body, senders_state(SOME, bytes(4 * MIB)))
    )
    delegated = senders_state(SOME, b"\xef\x01\x00" + bytes(20))
    yield Workload("all senders delegated", package(body, delegated))
    root_only = tuple(node for node in state.nodes if keccak256(node) == state.root)
    yield Workload("all senders missing", package(body, replace(state, nodes=root_only)))


def senders() -> Iterator[Workload]:
    """Make senders and signatures dear."""
    state = _state(SOME)
    once = (Tx(signer=key(0), nonce=nonce) for nonce in range(SOME))
    yield Workload("all of one sender", package(Body.of(once), state))
    nobody = Tx(signature=(0, no_point(), 1 << 250))
    unsigned = (nobody.but(nonce=nonce) for nonce in range(SOME))
    yield Workload("signatures of nobody", package(Body.of(unsigned), state))
    poor = senders_state(SOME, balance_wei=0)
    yield Workload("all senders without money", package(_body(SOME), poor))
    known = honest(SOME).package
    yield Workload(f"honest, {SOME:,} transfers, keys known", known, "right")
    yield Workload("wrong hints for all", known, "wrong")
    yield Workload("wrong hints for every hundredth", known, "some_wrong")


def all_hostile() -> Iterator[Workload]:
    """Give one workload after another."""
    yield from counts()
    yield from authorizations()
    yield from witnesses()
    yield from senders()
