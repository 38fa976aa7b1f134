# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Probe
@notice Calls one precompile after another and logs what each answered.
"""

IDENTITY: constant(address) = 0x0000000000000000000000000000000000000004
MODEXP: constant(address) = 0x0000000000000000000000000000000000000005


event Probed:
    digest: bytes32
    signer: address
    copied: bytes32
    power: uint256
    sum: uint256[2]


@external
def probe(message: Bytes[64], digest: bytes32, v: uint256, r: uint256, s: uint256):
    copied: Bytes[32] = raw_call(IDENTITY, slice(message, 0, 32), max_outsize=32, is_static_call=True)
    log Probed(
        digest=sha256(message),
        signer=ecrecover(digest, v, r, s),
        copied=convert(copied, bytes32),
        power=self._power(3, 1000, 1000003),
        # The generator of the curve, doubled.
        sum=ecadd([1, 2], [1, 2]),
    )


@internal
def _power(base: uint256, exponent: uint256, modulus: uint256) -> uint256:
    request: Bytes[192] = concat(
        convert(32, bytes32),
        convert(32, bytes32),
        convert(32, bytes32),
        convert(base, bytes32),
        convert(exponent, bytes32),
        convert(modulus, bytes32),
    )
    answer: Bytes[32] = raw_call(MODEXP, request, max_outsize=32, is_static_call=True)
    return convert(answer, uint256)
