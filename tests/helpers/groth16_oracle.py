"""
Check Groth16 proofs over BN254 with py_ecc: the pairing systems' second opinion.

Written from the equation e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta) alone; slow, and only
for tests.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.optimized_bn128.optimized_curve import (
    add,
    b,
    b2,
    curve_order,
    field_modulus,
    is_inf,
    is_on_curve,
    multiply,
    neg,
)
from py_ecc.optimized_bn128.optimized_pairing import pairing

Point = Any


@dataclass(frozen=True)
class Key:
    """A verifying key, as points of py_ecc."""

    alpha: Point
    beta: Point
    gamma: Point
    delta: Point
    inputs: tuple[Point, ...]

    @classmethod
    def from_snarkjs(cls, text: str | bytes) -> Self:
        """Read the key that snarkjs exports."""
        key = json.loads(text)
        return cls(
            alpha=g1(*map(int, key["vk_alpha_1"][:2])),
            beta=g2(key["vk_beta_2"]),
            gamma=g2(key["vk_gamma_2"]),
            delta=g2(key["vk_delta_2"]),
            inputs=tuple(g1(int(x), int(y)) for x, y, _ in key["IC"]),
        )

    @classmethod
    def from_gnark(cls, data: bytes) -> Self:
        """Read the key that gnark writes, without commitments."""
        count = int.from_bytes(data[288:292], "big")
        starts = [292 + 32 * index for index in range(count)]
        return cls(
            alpha=compressed_g1(data[:32]),
            beta=compressed_g2(data[64:128]),
            gamma=compressed_g2(data[128:192]),
            delta=compressed_g2(data[224:288]),
            inputs=tuple(compressed_g1(data[start : start + 32]) for start in starts),
        )


def g1(x: int, y: int) -> Point:
    """Make a point of G1 from canonical coordinates; raise `ValueError` for anything else."""
    point = (field(x), field(y), FQ(1))
    if not is_on_curve(point, b):
        raise ValueError("off the curve")
    return point


def g2(pairs: Sequence[Sequence[Any]]) -> Point:
    """Make a point of G2 from ((x0, x1), (y0, y1)); raise `ValueError` for anything else."""
    x, y = (tuple(int(part) for part in pair) for pair in pairs[:2])
    for part in (*x, *y):
        field(part)
    point = (FQ2(x), FQ2(y), FQ2.one())
    if not is_on_curve(point, b2):
        raise ValueError("off the curve")
    if not is_inf(multiply(point, curve_order)):
        raise ValueError("outside of the subgroup")
    return point


def field(value: int) -> FQ:
    """Make an element of the base field."""
    if value >= field_modulus:
        raise ValueError("not canonical")
    return FQ(value)


def compressed_g1(data: bytes) -> Point:
    """Find y by the square root; the upper two bits choose between it and its negative."""
    x = int.from_bytes(data, "big") & ((1 << 254) - 1)
    y = root(FQ(x) ** 3 + b)
    return g1(x, _chosen(data[0], y.n, (-y).n))


def compressed_g2(data: bytes) -> Point:
    """Find y in the extension, where the imaginary part decides what is larger."""
    x1 = int.from_bytes(data[:32], "big") & ((1 << 254) - 1)
    x = FQ2((int.from_bytes(data[32:], "big"), x1))
    y = root2(x**3 + b2)
    parts = [tuple(int(part) for part in found.coeffs) for found in (y, -y)]
    chosen = _chosen(data[0], *(part[::-1] for part in parts))
    return g2((x.coeffs, chosen[::-1]))


def _chosen(flags: int, one: Any, other: Any) -> Any:
    return max(one, other) if flags >> 6 == 3 else min(one, other)


def root(value: FQ) -> FQ:
    """Return a square root; the modulus is 3 modulo 4."""
    found = value ** ((field_modulus + 1) // 4)
    if found * found != value:
        raise ValueError("off the curve")
    return found


def root2(value: FQ2) -> FQ2:
    """Return a square root in the extension, through the norm."""
    real, imaginary = (FQ(int(part)) for part in value.coeffs)
    norm = root(real * real + imaginary * imaginary)
    for sign in (norm, -norm):
        try:
            x = root((real + sign) / 2)
        except ValueError:
            continue
        found = FQ2((x.n, (imaginary / (x + x)).n))
        if found * found == value:
            return found
    raise ValueError("off the curve")


def verify(key: Key, proof: bytes, inputs: Sequence[int]) -> bool:
    """Check 256 bytes against public inputs; raise `ValueError` for what is no proof."""
    if len(proof) != 256 or len(inputs) + 1 != len(key.inputs):
        raise ValueError("wrong length")
    if any(value >= curve_order for value in inputs):
        raise ValueError("not canonical")
    words = [int.from_bytes(proof[at : at + 32], "big") for at in range(0, 256, 32)]
    ax, ay, bx1, bx0, by1, by0, cx, cy = words
    left = g1(ax, ay)
    right = g2(((bx0, bx1), (by0, by1)))
    rest = g1(cx, cy)
    combined = key.inputs[0]
    for value, point in zip(inputs, key.inputs[1:], strict=True):
        combined = add(combined, multiply(point, value))
    product = (
        pairing(right, neg(left))
        * pairing(key.beta, key.alpha)
        * pairing(key.gamma, combined)
        * pairing(key.delta, rest)
    )
    return bool(product == type(product).one())
