"""What a peer said is remembered within bounds, and decides how long it is waited for."""

from zkattest.net.peer_state import MOST_UNWANTED, PeerState
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings()


def test_note_has__closes_an_offer_and_forgets_the_oldest() -> None:
    state = PeerState()
    state.offers.announce(b"0", 1.0)
    state.note_has(b"0")
    assert state.offers.open == {}
    for number in range(1, MOST_UNWANTED + 1):
        state.note_has(number.to_bytes(20, "big"))
    assert len(state.unwanted) == MOST_UNWANTED
    assert b"0" not in state.unwanted


def test_patience__is_longest_with_who_is_known_to_ask() -> None:
    old = PeerState()
    new = PeerState(understands_idontwant=True)
    asking = PeerState(has_asked=True)
    patience = [each.patience_s(SETTINGS) for each in (old, new, asking)]
    assert patience == [SETTINGS.push_s, SETTINGS.push_declinable_s, SETTINGS.push_asking_s]
    assert patience == sorted(patience)
