"""Identities from seeds."""

import pytest

from zkattest.net.identity import peer_id_of_seed


def test_peer_id_of_seed__equals_the_well_known_one_of_the_zero_seed() -> None:
    # The Ed25519 key of 32 zero bytes, as other implementations print it.
    expected = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
    assert peer_id_of_seed(bytes(32)) == expected


@pytest.mark.parametrize("size", [0, 31, 33])
def test_peer_id_of_seed__refuses_a_seed_of_another_length(size: int) -> None:
    with pytest.raises(ValueError, match=f"key seed: {size} bytes, expected 32"):
        peer_id_of_seed(bytes(size))
