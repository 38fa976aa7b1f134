"""Points of BN254 and BLS12-381 as the precompiles take them, computed with py_ecc."""

from typing import Any, Final

from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.optimized_bls12_381 import optimized_curve as bls
from py_ecc.optimized_bn128 import optimized_curve as bn

from tools.chain.wallet import word

BN_P: Final = bn.field_modulus
BLS_P: Final = bls.field_modulus
BLS_INFINITY_G1: Final = bytes(128)
BLS_INFINITY_G2: Final = bytes(256)


def bn_g1(factor: int) -> bytes:
    """Encode a multiple of BN254's generator."""
    if factor % bn.curve_order == 0:
        return bytes(64)
    x, y = bn.normalize(bn.multiply(bn.G1, factor % bn.curve_order))
    return word(int(x)) + word(int(y))


def bn_g2(factor: int) -> bytes:
    """Encode a multiple of the other generator; the imaginary parts come first."""
    x, y = bn.normalize(bn.multiply(bn.G2, factor))
    return b"".join(word(int(part)) for one in (x, y) for part in reversed(one.coeffs))


def fp(value: int) -> bytes:
    """Encode an element of BLS12-381's field: 16 zero bytes, then 48."""
    return value.to_bytes(64, "big")


def bls_g1(factor: int) -> bytes:
    """Encode a multiple of BLS12-381's generator."""
    return encode_g1(bls.multiply(bls.G1, factor % bls.curve_order))


def bls_g2(factor: int) -> bytes:
    """Encode a multiple of the other generator."""
    return encode_g2(bls.multiply(bls.G2, factor % bls.curve_order))


def encode_g1(point: Any) -> bytes:
    """Encode a point of the first curve."""
    if bls.is_inf(point):
        return BLS_INFINITY_G1
    x, y = bls.normalize(point)
    return fp(int(x)) + fp(int(y))


def encode_g2(point: Any) -> bytes:
    """Encode a point of the second curve; the real parts come first."""
    if bls.is_inf(point):
        return BLS_INFINITY_G2
    x, y = bls.normalize(point)
    return b"".join(fp(int(part)) for one in (x, y) for part in one.coeffs)


def outside_g1() -> bytes:
    """Find a point that is on the curve and not in the subgroup."""
    for x in range(1, 100):
        square = (x**3 + 4) % BLS_P
        y = pow(square, (BLS_P + 1) // 4, BLS_P)
        point = (FQ(x), FQ(y), FQ(1))
        if y * y % BLS_P == square and not bls.is_inf(bls.multiply(point, bls.curve_order)):
            return fp(x) + fp(y)
    raise AssertionError("the cofactor is large: nearly every point will do")
