"""Cases of every precompile of Osaka: known answers, and inputs that each refuses."""

import hashlib
from collections.abc import Iterator
from typing import Final

from eth_account import Account
from py_ecc.bls.hash_to_curve import (
    clear_cofactor_G1,
    clear_cofactor_G2,
    map_to_curve_G1,
    map_to_curve_G2,
)
from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2

from tools.chain.cast import ALICE, derive
from tools.chain.wallet import word
from tools.vectors.execution import curves, kzg
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.probe import PROBE, Ask, Kind, answers, asked, place_probe
from tools.vectors.execution.scene import Scene

SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# RIPEMD-160 of "abc" and of nothing, as its authors publish them.
RIPEMD_ABC: Final = bytes.fromhex("8eb208f7e05d987a9b044a8e98c6b087f15a0bfc")
RIPEMD_EMPTY: Final = bytes.fromhex("9c1185a5c5e9fc54612808977ee8f548b2258d31")
BLAKE2B_IV: Final = (
    0x6A09E667F3BCC908,
    0xBB67AE8584CAA73B,
    0x3C6EF372FE94F82B,
    0xA54FF53A5F1D36F1,
    0x510E527FADE682D1,
    0x9B05688C2B3E6C1F,
    0x1F83D9ABFB41BD6B,
    0x5BE0CD19137E2179,
)
BLS_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
FIELD_ELEMENTS_PER_BLOB: Final = 4096
# RFC 6979, A.2.5: P-256, SHA-256, message "sample".
P256_DIGEST: Final = hashlib.sha256(b"sample").digest()
P256_R: Final = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
P256_S: Final = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
P256_X: Final = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
P256_Y: Final = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield ecrecover()
    yield sha256()
    yield ripemd160()
    yield identity()
    yield modexp()
    yield bn254_add()
    yield bn254_multiply()
    yield bn254_pairing()
    yield blake2f()
    yield point_evaluation()
    yield bls_g1_add()
    yield bls_g1_msm()
    yield bls_g2_add()
    yield bls_g2_msm()
    yield bls_pairing()
    yield bls_map_fp()
    yield bls_map_fp2()
    yield p256_verify()
    yield no_precompile()


def address(number: int) -> str:
    """Give the address of a precompile."""
    return f"0x{number:040x}"


def play(name: str, number: int, asks: list[Ask], when: str, then: str, *tags: str) -> Case:
    """Let the probe call one precompile several times and log the answers."""
    scene = Scene(ALICE)
    place_probe(scene)
    scene.send(ALICE, PROBE, asked(*asks), gas=8_000_000, logs=answers(*asks))
    given = f"a contract that calls {address(number)[:2]}{number:02x} and logs each answer"
    marks = ("contract", "precompile", *tags)
    story = Story("precompiles", f"{number:03x}_{name}", given, when, then, marks)
    return make_case(story, scene.seal())


def right(number: int, data: bytes, output: bytes, *, gas: int = 0) -> Ask:
    """Describe a call that gets an answer."""
    return Ask(address(number), data, output, gas=gas, kind=Kind.STATIC)


def wrong(number: int, data: bytes, *, gas: int = 200_000) -> Ask:
    """Describe a call that fails and takes all its gas."""
    return Ask(address(number), data, succeeds=False, gas=gas, kind=Kind.STATIC)


def ecrecover() -> Case:
    """Recover signers (0x01)."""
    digest = derive("vectors/digest")
    signed = Account.unsafe_sign_hash(digest, ALICE.private_key)
    v, r, s = signed.v, signed.r, signed.s

    def request(v: int, r: int, s: int) -> bytes:
        return digest + word(v) + word(r) + word(s)

    signer = word(ALICE.address)
    asks = [
        right(1, request(v, r, s), signer),
        # The mirrored signature is as good: the precompile knows no rule on high s.
        right(1, request(55 - v, r, SECP256K1_ORDER - s), signer),
        right(1, request(29, r, s), b""),
        right(1, request(v, 0, s), b""),
        right(1, request(v, r, SECP256K1_ORDER), b""),
        right(1, b"", b""),
        right(1, request(v, r, s) + b"more", signer, gas=3_000),
        wrong(1, request(v, r, s), gas=2_999),
    ]
    return play(
        "ecrecover",
        1,
        asks,
        "it is given Alice's signature, its mirror image, bad v, r, s, nothing, too little gas",
        "Alice's address twice, then no output; 2999 units do not do",
    )


def sha256() -> Case:
    """Hash with SHA-256 (0x02)."""
    inputs = [b"", b"abc", bytes(range(200))]
    asks = [right(2, data, hashlib.sha256(data).digest()) for data in inputs]
    asks += [right(2, bytes(33), hashlib.sha256(bytes(33)).digest(), gas=84)]
    asks += [wrong(2, bytes(33), gas=83)]
    then = "the digests; 33 bytes cost 60 + 2 * 12 units"
    return play("sha256", 2, asks, "it hashes 0, 3, 200 and 33 bytes", then)


def ripemd160() -> Case:
    """Hash with RIPEMD-160 (0x03)."""
    asks = [
        right(3, b"", word(RIPEMD_EMPTY)),
        right(3, b"abc", word(RIPEMD_ABC), gas=720),
        wrong(3, b"abc", gas=719),
    ]
    return play(
        "ripemd160", 3, asks, "it hashes nothing and abc", "digests of 20 bytes, padded on the left"
    )


def identity() -> Case:
    """Copy (0x04)."""
    data = bytes(range(100))
    asks = [
        right(4, b"", b""),
        right(4, data, data, gas=15 + 4 * 3),
        wrong(4, data, gas=15 + 4 * 3 - 1),
    ]
    return play("identity", 4, asks, "it copies nothing and 100 bytes", "the same bytes")


def modexp_input(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    """Encode a request of EIP-198."""
    sizes = b"".join(word(len(part)) for part in (base, exponent, modulus))
    return sizes + base + exponent + modulus


def modexp() -> Case:
    """Compute powers (0x05) with the limits and prices of Osaka."""
    p = 2**255 - 19
    fermat = modexp_input(word(3), word(p - 1), word(p))
    odd = modexp_input(b"\7" * 40, b"\3", b"\xf1" * 65)
    power = pow(int.from_bytes(b"\7" * 40, "big"), 3, int.from_bytes(b"\xf1" * 65, "big"))
    small = modexp_input(b"\2", b"\5", b"\x1f")
    long = word(1_025) + word(1) + word(1) + bytes(1_027)
    asks = [
        right(5, fermat, word(1)),
        right(5, odd, power.to_bytes(65, "big")),
        # EIP-7883: at least 500 units.
        right(5, small, b"\1", gas=500),
        wrong(5, small, gas=499),
        right(5, modexp_input(b"\2", b"", b"\7"), b"\1"),
        right(5, modexp_input(b"\2", b"\3", b"\0"), b"\0"),
        right(5, modexp_input(b"", b"", b""), b""),
        right(5, b"", b""),
        # EIP-7823: no operand longer than 1024 bytes.
        wrong(5, long),
    ]
    return play(
        "modexp",
        5,
        asks,
        "it computes powers: Fermat's theorem, odd lengths, empty operands, a modulus of zero, "
        "a base of 1025 bytes",
        "the powers; the long base fails (EIP-7823), and so do 499 units of gas (EIP-7883)",
        "eip7823",
        "eip7883",
    )


def bn254_add() -> Case:
    """Add points of BN254 (0x06)."""
    add = curves.bn_g1
    asks = [
        right(6, add(2) + add(3), add(5), gas=150),
        right(6, add(2) + add(2), add(4)),
        right(6, add(2) + add(-2), bytes(64)),
        right(6, add(7), add(7)),
        right(6, b"", bytes(64)),
        wrong(6, word(1) + word(1) + add(1)),
        wrong(6, word(curves.BN_P) + word(0) + add(1)),
        wrong(6, add(2) + add(3), gas=149),
    ]
    return play(
        "bn254_add",
        6,
        asks,
        "it adds 2G + 3G, 2G + 2G, 2G - 2G, 7G alone, nothing; a point off the curve, a coordinate "
        "that is not below the modulus",
        "5G, 4G, infinity, 7G, infinity; the last two fail",
    )


def bn254_multiply() -> Case:
    """Multiply points of BN254 (0x07)."""
    point = curves.bn_g1
    asks = [
        right(7, point(2) + word(21), point(42), gas=6_000),
        right(7, point(2) + word(0), bytes(64)),
        right(7, point(1) + word(2**256 - 1), point(2**256 - 1)),
        right(7, bytes(64) + word(9), bytes(64)),
        wrong(7, word(1) + word(3) + word(1)),
        wrong(7, point(2) + word(21), gas=5_999),
    ]
    return play(
        "bn254_multiply",
        7,
        asks,
        "it computes 21 * 2G, 0 * 2G, (2**256 - 1) * G, 9 * infinity, and starts off the curve",
        "42G, infinity, the reduced multiple, infinity; the last one fails",
    )


def bn254_pairing() -> Case:
    """Check pairings of BN254 (0x08)."""
    g1, g2 = curves.bn_g1, curves.bn_g2
    one = g1(1) + g2(1)
    asks = [
        right(8, g1(6) + g2(1) + g1(-2) + g2(3), word(1)),
        right(8, one, word(0)),
        right(8, b"", word(1), gas=45_000),
        right(8, bytes(192), word(1)),
        wrong(8, one[:-1]),
        wrong(8, g1(1) + word(1) * 4),
        wrong(8, b"", gas=44_999),
    ]
    return play(
        "bn254_pairing",
        8,
        asks,
        "it checks e(6G, H) = e(2G, 3H), e(G, H) = 1, no pair, infinity, 191 bytes, a bad point",
        "true, false, true, true; the last two fail",
    )


def blake2f() -> Case:
    """Run the compression function of BLAKE2b (0x09)."""
    # Unkeyed, 64 bytes of digest: the parameters change the first word.
    state = (BLAKE2B_IV[0] ^ 0x01010040, *BLAKE2B_IV[1:])
    h = b"".join(value.to_bytes(8, "little") for value in state)
    block = b"abc" + bytes(125)
    counters = (3).to_bytes(8, "little") + bytes(8)

    def request(rounds: int, final: int) -> bytes:
        return rounds.to_bytes(4, "big") + h + block + counters + bytes([final])

    asks = [
        right(9, request(12, 1), hashlib.blake2b(b"abc").digest(), gas=12),
        wrong(9, request(12, 1), gas=11),
        wrong(9, request(12, 1)[:-1]),
        wrong(9, request(12, 1) + b"\0"),
        wrong(9, request(12, 2)),
        wrong(9, b""),
    ]
    return play(
        "blake2f",
        9,
        asks,
        "it compresses the last block of abc; inputs of 212 and 214 bytes; a flag of 2",
        "BLAKE2b of abc; the others fail",
    )


def point_evaluation() -> Case:
    """Verify KZG proofs (0x0a)."""
    versioned, commitment, z = kzg.versioned_hash(), kzg.commitment(), word(7886)
    proof, y = kzg.prove(z)
    good = versioned + z + y + commitment + proof
    off = versioned + z + word(int.from_bytes(y, "big") ^ 1) + commitment + proof
    asks = [
        right(10, good, word(FIELD_ELEMENTS_PER_BLOB) + word(BLS_MODULUS), gas=50_000),
        wrong(10, off),
        wrong(10, b"\2" + good[1:]),
        wrong(10, good[:-1]),
        wrong(10, versioned + word(BLS_MODULUS) + good[64:]),
        wrong(10, good, gas=49_999),
    ]
    return play(
        "point_evaluation",
        10,
        asks,
        "it is given a KZG proof of a real blob; then another value, another version, a byte too "
        "few, a point that is no field element",
        "4096 and the modulus; the others fail",
        "eip4844",
    )


def bls_g1_add() -> Case:
    """Add points of BLS12-381's first group (0x0b)."""
    point = curves.bls_g1
    asks = [
        right(11, point(2) + point(3), point(5), gas=375),
        right(11, point(2) + point(-2), curves.BLS_INFINITY_G1),
        right(11, point(4) + curves.BLS_INFINITY_G1, point(4)),
        wrong(11, point(2) + point(3)[:-1]),
        wrong(11, point(2) + curves.fp(1) + curves.fp(1)),
        wrong(11, point(2) + curves.fp(curves.BLS_P) + curves.fp(2)),
        wrong(11, b"\1" + point(2)[1:] + point(3)),
        wrong(11, b""),
    ]
    return play(
        "bls12_g1_add",
        11,
        asks,
        "it adds 2G + 3G, 2G - 2G, 4G + infinity; a byte too few, a point off the curve, a "
        "coordinate not below the modulus, padding that is not zero, nothing",
        "5G, infinity, 4G; the others fail",
        "eip2537",
    )


def bls_g1_msm() -> Case:
    """Add multiples in the first group (0x0c)."""
    point = curves.bls_g1
    two = point(2) + word(10) + point(3) + word(5)
    asks = [
        right(12, point(2) + word(21), point(42), gas=12_000),
        right(12, two, point(35)),
        right(12, point(2) + word(0), curves.BLS_INFINITY_G1),
        right(12, curves.BLS_INFINITY_G1 + word(9), curves.BLS_INFINITY_G1),
        wrong(12, b""),
        wrong(12, two[:-1]),
        wrong(12, curves.outside_g1() + word(1)),
        wrong(12, point(2) + word(21), gas=11_999),
    ]
    return play(
        "bls12_g1_msm",
        12,
        asks,
        "it computes 21 * 2G, 10 * 2G + 5 * 3G, 0 * 2G, 9 * infinity; nothing, a byte too few, a "
        "point outside the subgroup",
        "42G, 35G, infinity twice; the others fail",
        "eip2537",
    )


def bls_g2_add() -> Case:
    """Add points of the second group (0x0d)."""
    point = curves.bls_g2
    asks = [
        right(13, point(2) + point(3), point(5), gas=600),
        right(13, point(2) + point(-2), curves.BLS_INFINITY_G2),
        wrong(13, point(2) + bytes(255) + b"\1"),
        wrong(13, point(2)),
    ]
    return play(
        "bls12_g2_add",
        13,
        asks,
        "it adds 2H + 3H, 2H - 2H; a point off the curve, one point alone",
        "5H, infinity; the others fail",
        "eip2537",
    )


def bls_g2_msm() -> Case:
    """Add multiples in the second group (0x0e)."""
    point = curves.bls_g2
    asks = [
        right(14, point(2) + word(21), point(42), gas=22_500),
        right(14, point(2) + word(10) + point(3) + word(5), point(35)),
        wrong(14, b""),
        wrong(14, point(2) + word(21), gas=22_499),
    ]
    return play(
        "bls12_g2_msm",
        14,
        asks,
        "it computes 21 * 2H, 10 * 2H + 5 * 3H; nothing",
        "42H, 35H; the last one fails",
        "eip2537",
    )


def bls_pairing() -> Case:
    """Check pairings of BLS12-381 (0x0f)."""
    g1, g2 = curves.bls_g1, curves.bls_g2
    one = g1(1) + g2(1)
    asks = [
        right(15, g1(6) + g2(1) + g1(-2) + g2(3), word(1), gas=102_900),
        right(15, one, word(0)),
        right(15, bytes(384), word(1)),
        wrong(15, b""),
        wrong(15, one[:-1]),
        wrong(15, curves.outside_g1() + g2(1)),
        wrong(15, one, gas=70_299),
    ]
    return play(
        "bls12_pairing",
        15,
        asks,
        "it checks e(6G, H) = e(2G, 3H), e(G, H) = 1, infinity; nothing, a byte too few, a point "
        "outside the subgroup",
        "true, false, true; the others fail",
        "eip2537",
    )


def bls_map_fp() -> Case:
    """Map a field element to the first group (0x10)."""
    value = int.from_bytes(derive("vectors/fp"), "big")
    mapped = curves.encode_g1(clear_cofactor_G1(map_to_curve_G1(FQ(value))))
    asks = [
        right(16, curves.fp(value), mapped, gas=5_500),
        wrong(16, curves.fp(curves.BLS_P)),
        wrong(16, curves.fp(value)[:-1]),
        wrong(16, b"\1" + curves.fp(value)[1:]),
    ]
    return play(
        "bls12_map_fp_to_g1",
        16,
        asks,
        "it maps an element; the modulus, a byte too few, padding that is not zero",
        "the point of RFC 9380; the others fail",
        "eip2537",
    )


def bls_map_fp2() -> Case:
    """Map an element of the extension field to the second group (0x11)."""
    low, high = (int.from_bytes(derive(f"vectors/fp2/{part}"), "big") for part in (0, 1))
    mapped = curves.encode_g2(clear_cofactor_G2(map_to_curve_G2(FQ2([low, high]))))
    asks = [
        right(17, curves.fp(low) + curves.fp(high), mapped, gas=23_800),
        wrong(17, curves.fp(low) + curves.fp(curves.BLS_P)),
        wrong(17, curves.fp(low)),
    ]
    return play(
        "bls12_map_fp2_to_g2",
        17,
        asks,
        "it maps an element; one part not below the modulus, one part alone",
        "the point of RFC 9380; the others fail",
        "eip2537",
    )


def p256_verify() -> Case:
    """Verify signatures of P-256 (0x100)."""

    def request(r: int, s: int, x: int = P256_X, y: int = P256_Y) -> bytes:
        return P256_DIGEST + b"".join(word(value) for value in (r, s, x, y))

    good = request(P256_R, P256_S)
    asks = [
        right(256, good, word(1), gas=6_900),
        right(256, request(P256_R, P256_S ^ 1), b""),
        right(256, request(0, P256_S), b""),
        right(256, request(P256_R, P256_S, x=0, y=0), b""),
        right(256, request(P256_R, P256_S, y=P256_Y ^ 1), b""),
        right(256, good[:-1], b""),
        right(256, good + b"\0", b""),
        right(256, b"", b""),
        wrong(256, good, gas=6_899),
    ]
    return play(
        "p256_verify",
        256,
        asks,
        "it is given the signature of RFC 6979; another s, r of zero, infinity, a point off the "
        "curve, 159 and 161 bytes, nothing",
        "one; no output for the others, which do not fail",
        "eip7951",
    )


def no_precompile() -> Case:
    """Call the addresses beside the precompiles, which are empty accounts."""
    asks = [right(number, b"data", b"") for number in (0, 18, 255, 257)]
    return play(
        "no_precompile",
        0,
        asks,
        "it calls 0x00, 0x12, 0xff and 0x101",
        "there is nothing: the calls succeed without output",
    )
