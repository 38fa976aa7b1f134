"""Payload requests of both forks: layout, limits of bounded lists, the bound on bytes."""

import dataclasses

import pytest

from tests.helpers.proof_messages import REQUESTS, request_file
from tests.helpers.proof_requests import EMPTY_REQUEST, FULU_REQUEST, REQUEST
from zkattest.types.errors import DecodeError, EncodeError
from zkattest.types.ids import Root
from zkattest.types.payload_request import (
    MAX_BLOB_COMMITMENTS_PER_BLOCK,
    MAX_REQUEST_BYTES,
    MAX_TRANSACTIONS,
    decode_request,
    request_codec,
    versioned_hashes_codec,
)
from zkattest.types.proof_profiles import PROFILES, ContainerKind, ListKind, ProfileName

BETA4, FULU = PROFILES[ProfileName.BETA4], PROFILES[ProfileName.FULU_DEVNET]
# The fixed part of a Gloas payload, with four offsets: the fork's two fields at its end.
PAYLOAD_HEAD_BYTES = 540


def test_request__layout():
    encoded = request_codec(BETA4).encode(EMPTY_REQUEST)
    payload_end = 44 + PAYLOAD_HEAD_BYTES
    assert encoded[:44] == (
        (44).to_bytes(4, "little")
        + payload_end.to_bytes(4, "little")
        + bytes(32)
        + payload_end.to_bytes(4, "little")
    )
    assert len(encoded) == payload_end + 5 * 4
    assert decode_request(BETA4, encoded) == EMPTY_REQUEST


@pytest.mark.parametrize(
    ("profile", "request_of"), [(BETA4, REQUEST), (FULU, FULU_REQUEST)], ids=["gloas", "fulu"]
)
def test_request__equals_after_round_trip(profile, request_of):
    encoded = request_codec(profile).encode(request_of)
    assert decode_request(profile, encoded) == request_of


@pytest.mark.parametrize("name", ProfileName)
def test_request__is_the_fixture(name):
    profile = PROFILES[name]
    encoded = request_file(profile).read_bytes()
    assert decode_request(profile, encoded) == REQUESTS[profile.payload_fork]


def test_request__has_the_same_bytes_under_every_switch():
    encoded = request_codec(BETA4).encode(REQUEST)
    for hashes in ListKind:
        for container in ContainerKind:
            profile = dataclasses.replace(
                BETA4, versioned_hashes=hashes, new_payload_request=container
            )
            assert request_codec(profile).encode(REQUEST) == encoded


def test_request__refused_over_the_bound_before_it_is_decoded():
    with pytest.raises(DecodeError, match=f"exceed the limit of {MAX_REQUEST_BYTES}"):
        decode_request(BETA4, bytes(MAX_REQUEST_BYTES + 1))
    with pytest.raises(DecodeError, match="first offset is 0, expected 44"):
        decode_request(BETA4, bytes(MAX_REQUEST_BYTES))


def test_request__of_another_fork_refused():
    encoded = request_codec(FULU).encode(FULU_REQUEST)
    with pytest.raises(DecodeError) as caught:
        decode_request(BETA4, encoded)
    assert (caught.value.field, caught.value.reason) == (
        "execution_payload",
        "first offset is 528, expected 540",
    )


def test_versioned_hashes__refused_over_the_blobs_of_a_block():
    for profile in (BETA4, FULU):
        codec = versioned_hashes_codec(profile)
        most = (Root(bytes(32)),) * MAX_BLOB_COMMITMENTS_PER_BLOCK
        assert codec.decode(memoryview(codec.encode(most, "h")), "h") == most
        with pytest.raises(EncodeError, match="4097 elements exceed the limit of 4096"):
            codec.encode((*most, most[0]), "h")
        with pytest.raises(DecodeError, match="4097 elements exceed the limit of 4096"):
            codec.decode(memoryview(bytes(32 * 4097)), "h")


def with_payload(request_of, **fields):
    payload = dataclasses.replace(request_of.execution_payload, **fields)
    return dataclasses.replace(request_of, execution_payload=payload)


def test_transactions__refused_where_there_are_more_than_a_block_has_gas_for():
    for profile, request_of in ((BETA4, REQUEST), (FULU, FULU_REQUEST)):
        most = with_payload(request_of, transactions=(b"",) * MAX_TRANSACTIONS)
        assert decode_request(profile, request_codec(profile).encode(most)) == most
    over = with_payload(REQUEST, transactions=(b"",) * (MAX_TRANSACTIONS + 1))
    with pytest.raises(EncodeError, match="transactions: 65537 elements exceed the limit of 65536"):
        request_codec(BETA4).encode(over)
    # The type of Fulu has room for a million; that many are not worth their hashes.
    over = with_payload(FULU_REQUEST, transactions=(b"",) * (MAX_TRANSACTIONS + 1))
    encoded = request_codec(FULU).encode(over)
    with pytest.raises(DecodeError, match="transactions: 65537 elements exceed the limit of 65536"):
        decode_request(FULU, encoded)


def test_gloas_withdrawals__refused_over_a_limit_of_ours():
    (one, *_) = REQUEST.execution_payload.withdrawals
    assert request_codec(BETA4).encode(with_payload(REQUEST, withdrawals=(one,) * 8_192))
    with pytest.raises(EncodeError, match="withdrawals: 8193 elements exceed the limit of 8192"):
        request_codec(BETA4).encode(with_payload(REQUEST, withdrawals=(one,) * 8_193))


@pytest.mark.parametrize(
    ("field", "most"), [("deposits", 8192), ("withdrawals", 16), ("consolidations", 2)]
)
def test_fulu_requests__refused_over_the_limits_of_their_lists(field, most):
    requests = FULU_REQUEST.execution_requests
    [one] = getattr(requests, field)
    codec = request_codec(FULU)
    full = dataclasses.replace(requests, **{field: (one,) * most})
    assert codec.encode(dataclasses.replace(FULU_REQUEST, execution_requests=full))
    over = dataclasses.replace(requests, **{field: (one,) * (most + 1)})
    with pytest.raises(EncodeError, match=f"execution_requests.{field}: {most + 1} elements"):
        codec.encode(dataclasses.replace(FULU_REQUEST, execution_requests=over))
