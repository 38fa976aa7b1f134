"""A message of every revision is told from the others by its signature, or named with its twin."""

import dataclasses

import pytest

from tests.helpers.proof_messages import (
    FORK_VERSION,
    GENESIS_VALIDATORS_ROOT,
    PUBKEY,
    SECRET_KEY,
    content_of,
    file_of,
    message_of,
    with_signature,
)
from zkattest.crypto import bls
from zkattest.crypto.proof_roots import (
    hash_tree_root_content,
    hash_tree_root_message,
    signing_roots_of_all_domains,
)
from zkattest.spec.revisions import (
    RevisionAnswer,
    RevisionFit,
    judge_revisions,
    which_revision,
)
from zkattest.types.ids import Root
from zkattest.types.proof_json import decode_message_json
from zkattest.types.proof_messages import decode_message, encode_message
from zkattest.types.proof_profiles import PROFILES, ProfileName

NETWORK = (FORK_VERSION, GENESIS_VALIDATORS_ROOT)
TWINS = (ProfileName.GLOAS_AUG, ProfileName.CS5566)
FITTING = {
    ProfileName.TEKU_SUBNET: (ProfileName.TEKU_SUBNET,),
    ProfileName.FULU_DEVNET: (ProfileName.FULU_DEVNET,),
    ProfileName.GLOAS_AUG: TWINS,
    ProfileName.CS5566: TWINS,
    ProfileName.BETA4: (ProfileName.BETA4,),
    ProfileName.EIP8440: (ProfileName.EIP8440,),
}


def answers_of(data, pubkey=PUBKEY, network=NETWORK, **options):
    return {answer.profile: answer for answer in judge_revisions(data, pubkey, *network, **options)}


@pytest.mark.parametrize("name", ProfileName)
def test_message__fits_its_revision_and_its_twin_only(name):
    assert which_revision(file_of(name).read_bytes(), PUBKEY, *NETWORK) == FITTING[name]


@pytest.mark.parametrize("name", ProfileName)
def test_json__fits_its_revision_only(name):
    data = file_of(name, "json").read_bytes()
    assert which_revision(data, PUBKEY, *NETWORK, decode=decode_message_json) == (name,)


def test_message__answered_for_every_revision():
    profile = PROFILES[ProfileName.BETA4]
    answers = answers_of(file_of(ProfileName.BETA4).read_bytes())
    message = message_of(profile)
    assert list(answers) == list(ProfileName)
    assert answers[ProfileName.BETA4] == RevisionAnswer(
        ProfileName.BETA4,
        RevisionFit.FITS,
        hash_tree_root_content(profile, message.message),
        profile.domain_type,
    )
    assert answers[ProfileName.CS5566] == RevisionAnswer(
        ProfileName.CS5566,
        RevisionFit.WRONG_SIGNATURE,
        hash_tree_root_content(PROFILES[ProfileName.CS5566], message.message),
    )
    assert answers[ProfileName.EIP8440] == RevisionAnswer(
        ProfileName.EIP8440,
        RevisionFit.NOT_DECODABLE,
        detail="message: first offset is 37, expected 69",
    )


def test_message__fits_a_revision_without_signatures():
    profile = PROFILES[ProfileName.TEKU_SUBNET]
    answer = answers_of(file_of(ProfileName.TEKU_SUBNET).read_bytes())[ProfileName.TEKU_SUBNET]
    root = hash_tree_root_message(profile, message_of(profile))
    assert answer == RevisionAnswer(ProfileName.TEKU_SUBNET, RevisionFit.FITS_UNSIGNED, root)


def test_message__fits_with_a_former_domain():
    profile = PROFILES[ProfileName.GLOAS_AUG]
    content = content_of(profile, b"proof of June")
    root = hash_tree_root_content(profile, content)
    [_, (domain_type, signing_root)] = signing_roots_of_all_domains(profile, root, *NETWORK)
    message = with_signature(profile, b"proof of June", bls.sign(SECRET_KEY, signing_root))
    encoded = encode_message(profile, message)
    assert which_revision(encoded, PUBKEY, *NETWORK) == (ProfileName.GLOAS_AUG,)
    assert answers_of(encoded)[ProfileName.GLOAS_AUG].domain_type == domain_type


@pytest.mark.parametrize(
    ("pubkey", "network"),
    [
        (bls.public_key(bls.secret_key_from_seed(b"\x01" * 32)), NETWORK),
        (b"\xc0" + bytes(47), NETWORK),
        (bytes(48), NETWORK),
        (b"", NETWORK),
        (PUBKEY, (bytes(4), GENESIS_VALIDATORS_ROOT)),
        (PUBKEY, (FORK_VERSION, Root(bytes(32)))),
    ],
    ids=["key", "infinity", "no point", "no key", "fork", "network"],
)
def test_message__fits_nothing_with_another_key_or_network(pubkey, network):
    data = file_of(ProfileName.BETA4).read_bytes()
    assert which_revision(data, pubkey, *network) == ()
    fits = {answer.fit for answer in judge_revisions(data, pubkey, *network)}
    assert fits == {RevisionFit.WRONG_SIGNATURE, RevisionFit.NOT_DECODABLE}


@pytest.mark.parametrize("name", [name for name in ProfileName if PROFILES[name].is_signed])
@pytest.mark.parametrize("at", [0, 4, 12, 107, 108, 112, 113, -1])
def test_message__fits_nothing_when_a_signed_byte_or_the_signature_changes(name, at):
    data = bytearray(file_of(name).read_bytes())
    data[at] ^= 1
    found = which_revision(bytes(data), PUBKEY, *NETWORK)
    # The index of the validator is not signed.
    assert found == (FITTING[name] if at == 4 else ())


def test_message__fits_nothing_as_noise():
    for data in (b"", b"{}", bytes(83), bytes(200), b"\xff" * 200):
        assert which_revision(data, PUBKEY, *NETWORK) == ()


def test_arguments__refused_whatever_the_message_is():
    for data in (b"", file_of(ProfileName.TEKU_SUBNET).read_bytes()):
        with pytest.raises(ValueError, match="5 and 32 bytes, expected 4 and 32"):
            which_revision(data, PUBKEY, bytes(5), bytes(32))


def test_answer__is_fit_signed_or_unsigned():
    fit = {kind: RevisionAnswer(ProfileName.BETA4, kind).is_fit for kind in RevisionFit}
    assert [kind for kind, is_fit in fit.items() if is_fit] == [
        RevisionFit.FITS,
        RevisionFit.FITS_UNSIGNED,
    ]


def test_decode_message__of_twins_gives_their_own_class():
    data = file_of(ProfileName.CS5566).read_bytes()
    classes = {type(decode_message(PROFILES[name], data)).__name__ for name in TWINS}
    assert classes == {"SignedExecutionProof", "SignedExecutionProofEnvelope"}
    assert dataclasses.is_dataclass(decode_message(PROFILES[ProfileName.CS5566], data))
