"""Collect the cases of the static and the claim pack, in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tools.vectors import claims
from tools.vectors.model import DisagreementError, Names, Vector
from tools.vectors.static import (
    accounts,
    blocks,
    boundary,
    decoding,
    headers,
    order,
    signatures,
    transactions,
)

MODULES = (
    headers,
    boundary,
    decoding,
    transactions,
    signatures,
    accounts,
    blocks,
    order,
    claims,
)


def collect() -> list[Vector]:
    """Build every case; raise `DisagreementError` where our checker gives another outcome."""
    names, found = Names(), []
    for vector in chain.from_iterable(module.cases() for module in MODULES):
        names.claim(vector.id)
        found.append(vector)
    complaints = list(disagreements(found))
    if complaints:
        raise DisagreementError("\n".join(complaints))
    return sorted(found, key=lambda vector: vector.id)


def disagreements(vectors: list[Vector]) -> Iterator[str]:
    """Name every case that our checker answers otherwise than the rules say."""
    for vector in vectors:
        try:
            vector.require_agreement()
        except DisagreementError as error:
            yield str(error)
