"""
Check gnark's PLONK proofs over BN254 with py_ecc: a second opinion on SP1's PLONK.

Written from the equations of the protocol alone, as gnark lays keys and proofs out; slow, and only
for tests. Keys and proofs have one commitment, as those of SP1 do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any, Self

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.optimized_bn128.optimized_curve import (
    add,
    curve_order,
    multiply,
    neg,
    normalize,
)
from py_ecc.optimized_bn128.optimized_pairing import pairing

from tests.helpers.groth16_oracle import Point, compressed_g1, compressed_g2, g1

PROOF_BYTES = 864
_SCALAR_BYTES = 32
_COORDINATE_BYTES = 32
_INFINITY = (FQ.one(), FQ.one(), FQ.zero())
# What gnark writes between the second point of G2 and the places of the commitments.
_LINES_BYTES = 33_792
_COMMITMENT_DOMAIN = b"BSB22-Plonk"


class _Reader:
    """Take fixed pieces off the front."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def take(self, count: int) -> bytes:
        taken, self._rest = self._rest[:count], self._rest[count:]
        if len(taken) != count:
            raise ValueError("cut")
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def scalar(self) -> int:
        value = self.number(_SCALAR_BYTES)
        if value >= curve_order:
            raise ValueError("not canonical")
        return value

    def point(self) -> Point:
        return g1(self.number(_COORDINATE_BYTES), self.number(_COORDINATE_BYTES))

    def end(self) -> None:
        if self._rest:
            raise ValueError("too long")


@dataclass(frozen=True)
class Key:
    """A verifying key: the circuit's polynomials, committed, and two points of the set-up."""

    size: int
    generator: int
    input_count: int
    coset_shift: int
    permutation: tuple[Point, Point, Point]
    """S₁, S₂, S₃."""
    selectors: tuple[Point, Point, Point, Point, Point]
    """Ql, Qr, Qm, Qo, Qk."""
    committed: Point
    """Qcp, which says where the commitment enters."""
    setup: tuple[Point, Point, Point]
    """One in G1, one and the secret in G2."""
    committed_at: int

    @classmethod
    def from_gnark(cls, data: bytes) -> Self:
        """Read what gnark writes."""
        reader = _Reader(data)
        size, inverse, generator = reader.number(8), reader.scalar(), reader.scalar()
        input_count, coset_shift = reader.number(8), reader.scalar()
        points = [compressed_g1(reader.take(32)) for _ in range(8)]
        if size * inverse % curve_order != 1 or reader.number(4) != 1:
            raise ValueError("no key of SP1")
        committed, one = compressed_g1(reader.take(32)), compressed_g1(reader.take(32))
        setup = (one, compressed_g2(reader.take(64)), compressed_g2(reader.take(64)))
        reader.take(_LINES_BYTES)
        if reader.number(4) != 1:
            raise ValueError("no key of SP1")
        committed_at = reader.number(8)
        reader.end()
        s1, s2, s3, ql, qr, qm, qo, qk = points
        return cls(
            size=size,
            generator=generator,
            input_count=input_count,
            coset_shift=coset_shift,
            permutation=(s1, s2, s3),
            selectors=(ql, qr, qm, qo, qk),
            committed=committed,
            setup=setup,
            committed_at=committed_at,
        )


@dataclass(frozen=True)
class Proof:
    """A proof: ten points and seven values of polynomials."""

    wires: tuple[Point, Point, Point]
    """L, R, O."""
    quotient: tuple[Point, Point, Point]
    """H₀, H₁, H₂."""
    values: tuple[int, int, int, int, int]
    """l, r, o, s₁ and s₂ at ζ."""
    product: Point
    """Z, of the permutation."""
    shifted_value: int
    """Z at ωζ."""
    openings: tuple[Point, Point]
    """At ζ and at ωζ."""
    committed_value: int
    commitment: Point

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the 864 bytes that contracts take."""
        reader = _Reader(data)
        wires = (reader.point(), reader.point(), reader.point())
        quotient = (reader.point(), reader.point(), reader.point())
        left, right, out = reader.scalar(), reader.scalar(), reader.scalar()
        values = (left, right, out, reader.scalar(), reader.scalar())
        product, shifted_value = reader.point(), reader.scalar()
        openings = (reader.point(), reader.point())
        committed_value, commitment = reader.scalar(), reader.point()
        reader.end()
        return cls(
            wires=wires,
            quotient=quotient,
            values=values,
            product=product,
            shifted_value=shifted_value,
            openings=openings,
            committed_value=committed_value,
            commitment=commitment,
        )


@dataclass(frozen=True)
class _Challenges:
    gamma: int
    beta: int
    alpha: int
    zeta: int
    last: bytes
    """The digest behind ζ, which the next challenge starts with."""


def verify(key: Key, data: bytes, inputs: Sequence[int]) -> bool:
    """Check 864 bytes against public inputs; raise `ValueError` for what is no proof."""
    if len(inputs) != key.input_count or any(value >= curve_order for value in inputs):
        raise ValueError("no inputs")
    proof = Proof.decode(data)
    challenges = _challenges(key, proof, inputs)
    constant, linear = _linearization(key, proof, inputs, challenges)
    zeta = challenges.zeta
    digests = [linear, *proof.wires, *key.permutation[:2], key.committed]
    values = [constant, *proof.values, proof.committed_value]
    opened = b"".join(map(_encode_point, digests)) + b"".join(map(_encode_scalar, values))
    folding = _digest("gamma", _encode_scalar(zeta), opened, _encode_scalar(proof.shifted_value))
    factor = _reduce(folding)
    powers = [pow(factor, index, curve_order) for index in range(len(digests))]
    folded, value = _sum(powers, digests), _dot(powers, values)
    at_zeta, at_shifted = proof.openings
    points = (folded, proof.product, at_zeta, at_shifted)
    bound = _encode_scalar(factor) + b"".join(map(_encode_point, points))
    u = _reduce(_digest("u", challenges.last, bound))
    one, *powers_of_secret = key.setup
    left = _sum(
        [1, u, -(value + u * proof.shifted_value), zeta, u * zeta * key.generator],
        [folded, proof.product, one, at_zeta, at_shifted],
    )
    right = neg(_sum([1, u], [at_zeta, at_shifted]))
    product = pairing(powers_of_secret[0], left) * pairing(powers_of_secret[1], right)
    return bool(product == type(product).one())


def _challenges(key: Key, proof: Proof, inputs: Sequence[int]) -> _Challenges:
    """Derive each challenge from the one before, and from what was said since."""
    circuit = (*key.permutation, *key.selectors, key.committed)
    said = [*map(_encode_point, circuit), *map(_encode_scalar, inputs)]
    gamma = _digest("gamma", *said, *map(_encode_point, proof.wires))
    beta = _digest("beta", gamma)
    alpha = _digest("alpha", beta, _encode_point(proof.commitment), _encode_point(proof.product))
    zeta = _digest("zeta", alpha, *map(_encode_point, proof.quotient))
    return _Challenges(_reduce(gamma), _reduce(beta), _reduce(alpha), _reduce(zeta), zeta)


def _linearization(
    key: Key, proof: Proof, inputs: Sequence[int], challenges: _Challenges
) -> tuple[int, Point]:
    """Return value and commitment of the polynomial that is zero where the gates hold."""
    gamma, beta, alpha, zeta, _ = astuple(challenges)
    left, right, out, s1, s2 = proof.values
    vanishing = pow(zeta, key.size, curve_order) - 1

    def lagrange(index: int) -> int:
        root = pow(key.generator, index, curve_order)
        return vanishing * root * pow(key.size * (zeta - root), -1, curve_order) % int(curve_order)

    first = alpha * alpha * lagrange(0)
    public = _dot(inputs, [lagrange(index) for index in range(len(inputs))])
    hashed = hash_to_field(_encode_point(proof.commitment))
    public += hashed * lagrange(key.input_count + key.committed_at)
    permuted = alpha * (left + beta * s1 + gamma) * (right + beta * s2 + gamma)
    permuted *= proof.shifted_value
    constant = -(public - first + permuted * (out + gamma)) % curve_order
    shifted = beta * zeta
    plain = alpha * (left + shifted + gamma)
    plain *= right + key.coset_shift * shifted + gamma
    plain *= out + key.coset_shift**2 * shifted + gamma
    step = pow(zeta, key.size + 2, curve_order)
    scalars = [
        *(left, right, left * right, out, 1, proof.committed_value),
        *(permuted * beta, first - plain),
        *(-vanishing, -vanishing * step, -vanishing * step * step),
    ]
    points = [*key.selectors, proof.commitment, key.permutation[2], proof.product, *proof.quotient]
    return constant, _sum(scalars, points)


def hash_to_field(message: bytes) -> int:
    """Hash to a scalar by `expand_message_xmd` of RFC 9380, 48 bytes of SHA-256."""
    domain = _COMMITMENT_DOMAIN + bytes([len(_COMMITMENT_DOMAIN)])
    start = sha256(bytes(64) + message + (48).to_bytes(2, "big") + b"\0" + domain).digest()
    first = sha256(start + b"\1" + domain).digest()
    mixed = bytes(a ^ b for a, b in zip(start, first, strict=True))
    second = sha256(mixed + b"\2" + domain).digest()
    return _reduce((first + second)[:48])


def _reduce(digest: bytes) -> int:
    return int.from_bytes(digest, "big") % int(curve_order)


def _digest(name: str, *said: bytes) -> bytes:
    return sha256(name.encode() + b"".join(said)).digest()


def _encode_scalar(value: int) -> bytes:
    return (value % curve_order).to_bytes(_SCALAR_BYTES, "big")


def _encode_point(point: Point) -> bytes:
    return b"".join(int(part).to_bytes(_COORDINATE_BYTES, "big") for part in normalize(point))


def _dot(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True)) % int(curve_order)


def _sum(scalars: Sequence[int], points: Sequence[Point]) -> Point:
    total: Any = _INFINITY
    for scalar, point in zip(scalars, points, strict=True):
        total = add(total, multiply(point, scalar % curve_order))
    return total
