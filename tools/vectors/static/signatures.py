"""Signatures at the edges of their ranges; an edge that is allowed belongs to a funded sender."""

from __future__ import annotations

from collections.abc import Iterator

from coincurve import PublicKey
from eth_utils.crypto import keccak

from tests.helpers.blocks import Case, TestAccount
from tests.helpers.transactions import (
    CHAIN_ID,
    ORDER,
    Tx,
    authorization,
    blob_hash,
    key,
    sign,
)
from tools.vectors.model import Group, Vector, fine, refused
from zkattest.conformance.outcome import Outcome
from zkattest.spec.reasons import Reason

GROUP = Group("signature")
HALF = ORDER // 2
BY_TYPE = (
    Tx(type=0),
    Tx(type=1),
    Tx(type=2),
    Tx(type=3, blobs=(blob_hash(1),)),
    Tx(type=4, gas=46_000, authorizations=(authorization(key(9)),)),
)


def cases() -> Iterator[Vector]:
    """Give every case of the group."""
    yield from ranges()
    yield from edges_that_are_allowed()
    yield from parities()
    yield from legacy_values()


def with_signature(kind: int, parity: int, r: int, s: int) -> Tx:
    """Give the example of a type another signature; `v` follows from the parity."""
    first = parity + 35 + 2 * CHAIN_ID if kind == 0 else parity
    return BY_TYPE[kind].but(signature=(first, r, s))


def recovered(tx: Tx, parity: int, r: int, s: int) -> bytes:
    """Recover the address that a signature stands for."""
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    public = PublicKey.from_signature_and_message(signature, tx.digest(), hasher=None)
    return bytes(keccak(public.format(compressed=False)[1:])[12:])


def case(kind: int, name: str, when: str, then: str, tx: Tx, expected: Outcome) -> Vector:
    """Describe a transaction behind a good one."""
    given = f"a block with a good transaction and one of type {kind}"
    question = Case(transactions=(Tx(signer=key(2)), tx))
    return GROUP.vector(f"type_{kind}__{name}", (given, when, then), question, expected)


def ranges() -> Iterator[Vector]:
    """Numbers of a signature that no signature has."""
    for kind, tx in enumerate(BY_TYPE):
        parity, r, s = sign(key(1), tx.digest())
        for name, wrong_r, wrong_s in (
            ("r_zero", 0, s),
            ("s_zero", r, 0),
            ("r_order", ORDER, s),
            ("r_of_256_bits", 2**256 - 1, s),
        ):
            yield case(
                kind,
                f"invalid_{name}",
                f"its signature has {name.replace('_', ' ')}",
                "both numbers are above zero and below the order of the group",
                with_signature(kind, parity, wrong_r, wrong_s),
                refused(Reason.SIGNATURE_OUT_OF_RANGE, index=1, r=wrong_r, s=wrong_s),
            )
        for name, flipped, high in (
            ("s_mirrored", 1 - parity, ORDER - s),
            ("s_half_plus_one", parity, HALF + 1),
            ("s_order_minus_one", parity, ORDER - 1),
            ("s_order", parity, ORDER),
        ):
            yield case(
                kind,
                f"invalid_{name}",
                f"its signature has {name.replace('_', ' ')}",
                "above half of the order; that is checked before the order itself",
                with_signature(kind, flipped, r, high),
                refused(Reason.SIGNATURE_S_TOO_HIGH, index=1, got=high, limit=HALF),
            )
        for name, wrong_r in (("r_5", 5), ("r_order_minus_one", ORDER - 1)):
            yield case(
                kind,
                f"invalid_{name}",
                f"its signature has {name.replace('_', ' ')}, where the curve has no point",
                "nobody can have signed it",
                with_signature(kind, parity, wrong_r, s),
                refused(Reason.SIGNATURE_INVALID, index=1),
            )


def edges_that_are_allowed() -> Iterator[Vector]:
    """Numbers at the edges that do recover to somebody; that account has the money."""
    for kind, tx in enumerate(BY_TYPE):
        r = sign(key(1), tx.digest())[1]
        for name, parity, edge_r, edge_s in (
            ("r_1", 0, 1, 7),
            ("s_1", 1, r, 1),
            ("s_half", 0, r, HALF),
            ("r_1_and_s_1", 1, 1, 1),
        ):
            sender = recovered(tx, parity, edge_r, edge_s)
            question = Case(
                transactions=(with_signature(kind, parity, edge_r, edge_s),),
                accounts={sender: TestAccount(), Tx(signer=key(2)).sender: TestAccount()},
            )
            yield GROUP.vector(
                f"type_{kind}__valid_{name}",
                (
                    f"a transaction of type {kind} whose signature recovers to a funded account",
                    f"the signature has {name.replace('_', ' ')}",
                    "it is in the range: valid",
                ),
                question,
                fine(),
            )


def parities() -> Iterator[Vector]:
    """Parities of typed transactions."""
    for kind in (1, 2, 3, 4):
        _, r, s = sign(key(1), BY_TYPE[kind].digest())
        for parity in (2, 27, 2**255):
            name = "2_to_the_255" if parity > 27 else str(parity)
            yield case(
                kind,
                f"invalid_parity_{name}",
                f"its parity is {parity}",
                "zero or one",
                BY_TYPE[kind].but(signature=(parity, r, s)),
                refused(Reason.SIGNATURE_PARITY_INVALID, index=1, got=parity),
            )


def legacy_values() -> Iterator[Vector]:
    """The value `v` of a legacy transaction: 27, 28, or the chain id and a parity."""
    open_, bound = Tx(type=0, protected=False), Tx(type=0)
    for v in (0, 1, 26, 29, 34, 2**64, 2**255):
        name = {2**64: "2_to_the_64", 2**255: "2_to_the_255"}.get(v, str(v))
        _, r, s = sign(key(1), open_.digest())
        yield case(
            0,
            f"invalid_v_{name}",
            f"its v is {v}",
            "27, 28, or 35 and more in 64 bits",
            open_.but(signature=(v, r, s)),
            refused(Reason.SIGNATURE_PARITY_INVALID, index=1, got=v),
        )
    for v in (35, 36, 2**64 - 1):
        chain = (v - 35) // 2
        _, r, s = sign(key(1), open_.digest())
        yield case(
            0,
            f"invalid_v_{v}",
            f"its v is {v}, which is chain {chain}",
            f"this is chain {CHAIN_ID}",
            open_.but(signature=(v, r, s)),
            refused(Reason.TRANSACTION_CHAIN_ID_MISMATCH, index=1, got=chain, expected=CHAIN_ID),
        )
    for tx, base, name in (
        (open_, 27, "27_or_28"),
        (bound, 35 + 2 * CHAIN_ID, "of_eip_155"),
    ):
        parity, r, s = sign(key(1), tx.digest())
        yield case(
            0,
            f"valid_v_{name}",
            f"its v is {base + parity}",
            "one of the two forms",
            tx.but(signature=(base + parity, r, s)),
            fine(),
        )
        other = recovered(tx, 1 - parity, r, s)
        yield GROUP.vector(
            f"type_0__valid_other_parity_{name}",
            (
                "a legacy transaction whose signature recovers to a funded account",
                f"its v is {base + 1 - parity}",
                "the other parity is the signature of another account",
            ),
            Case(
                transactions=(tx.but(signature=(base + 1 - parity, r, s)),),
                accounts={other: TestAccount()},
            ),
            fine(),
        )
