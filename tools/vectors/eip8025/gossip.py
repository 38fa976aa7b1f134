"""Gossip cases: one message against what is known, and the verdict that the rules give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from tools.vectors.eip8025.messages import Data, Message, counted, noise, plain
from tools.vectors.eip8025.world import (
    CHAIN_ID,
    FINALIZED_SLOT,
    INACTIVE,
    INVALID,
    NOBODY,
    OTHER_FORK_VERSION,
    PADDED_BYTES,
    SCHEMA_ID,
    ProofVector,
    Scene,
    accept,
    fails,
    ignore,
    named,
    of_every_profile,
    proves,
    public_values,
    reject,
    vector,
)
from zkattest.conformance.outcome import Outcome
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.proof_profiles import ListKind, ProofProfile

# A compressed proof of SP1, the largest that is in use.
SP1_BYTES: Final = 1_272_621
NO_PADDING: Final = bytes(PADDED_BYTES - 43)
KNOWN: Final = "the block and its payload are known"
WELL_SIGNED: Final = "an active validator's message about it comes"


def cases() -> Iterator[ProofVector]:
    """Give the cases of every profile that has rules of gossip."""
    return of_every_profile(
        accepted,
        statements,
        sizes,
        types,
        decoding,
        context,
        seen,
        validators,
        signatures,
        engine,
    )


def case(
    scene: Scene,
    message: Message | Data,
    engine: Mapping[str, Any] | None,
    expected: Outcome,
    *story: str,
    tags: tuple[str, ...] = (),
) -> ProofVector:
    """Describe one case; a story of one line says what is special about the message."""
    given, when, then = story if len(story) == 3 else (KNOWN, story[0], _then(expected))
    data = message.ssz() if isinstance(message, Message) else message
    return vector(
        scene.profile,
        f"gossip/{scene.name}",
        (given, when, then),
        scene.question(data, engine),
        expected,
        tags,
    )


def _then(expected: Outcome) -> str:
    word = expected.values.get("reason")
    return f"{expected.verdict}: {word}" if word else "it is accepted"


def known(profile: ProofProfile, name: str, **changes: Any) -> Scene:
    """Give a scene whose block and payload are known."""
    scene = Scene(profile, name, **changes)
    scene.know()
    return scene


def accepted(profile: ProofProfile) -> Iterator[ProofVector]:
    """Messages that nothing is wrong with."""
    sizes = {"1_byte": counted(1), "32_bytes": counted(32), "33_bytes": counted(33)}
    if profile.max_proof_bytes > SP1_BYTES:
        sizes["of_sp1"] = noise("a proof as large as one of SP1", SP1_BYTES)
    for size, proof in sizes.items():
        scene = known(profile, f"accepted/proof__accept_{size}")
        message = scene.message(proof=proof)
        yield case(scene, message, scene.valid(), accept(), f"a proof of {len(proof.raw)} bytes")
    for kind in (2, 3):
        scene = known(profile, f"accepted/type__accept_{kind}")
        message = scene.message(proof_type=kind)
        yield case(scene, message, scene.valid(), accept(), f"a proof of type {kind}")
    scene = known(profile, "accepted/validator__accept_index_0")
    yield case(scene, scene.message(validator=0), scene.valid(), accept(), "of the validator 0")


def statements(profile: ProofProfile) -> Iterator[ProofVector]:
    """What the proof commits to is exactly what the receiver rebuilds."""
    group = "public_values"
    scene = known(profile, f"{group}/padded__accept_256_bytes")
    yield case(
        scene,
        scene.message(),
        scene.valid(tail=NO_PADDING),
        accept(),
        "the program's output is padded with zeros to 256 bytes",
    )
    for name, expected, what, made in _false_statements(profile):
        scene = known(profile, f"{group}/{name}")
        root = scene.values()[:32]
        values = made(root) if callable(made) else made
        yield case(scene, scene.message(), proves(values), expected, what)
    scene = known(profile, f"{group}/root__reject_other_payload")
    other = named("another payload")
    mismatch = reject(
        Reason.PUBLIC_VALUES_MISMATCH, marked=True, got=other, expected=scene.values()[:32]
    )
    yield case(
        scene,
        scene.message(),
        proves(public_values(other)),
        mismatch,
        "the proof is valid, of another payload",
    )


def _false_statements(profile: ProofProfile) -> list[tuple[str, Outcome, str, Any]]:
    def malformed(size: int) -> Outcome:
        return reject(Reason.MALFORMED_PUBLIC_VALUES, marked=True, got_bytes=size)

    false = reject(Reason.STATEMENT_NOT_VALID, marked=True)
    chain = {"got": 1, "expected": CHAIN_ID}
    schema = {"got": SCHEMA_ID + 1, "expected": SCHEMA_ID}
    swapped = {"got": 0x0115, "expected": SCHEMA_ID}
    return [
        ("valid__reject_false", false, "successful_validation is false",
         lambda root: public_values(root, valid=False)),
        ("valid__reject_sentinel", false, "43 zero bytes: the input could not be read", bytes(43)),
        ("valid__reject_padded_sentinel", false, "256 zero bytes", bytes(PADDED_BYTES)),
        ("valid__reject_byte_2", reject(Reason.MALFORMED_PUBLIC_VALUES, marked=True),
         "successful_validation is the byte 2",
         lambda root: root + b"\2" + public_values(root)[33:]),
        ("chain_id__reject_other", reject(Reason.CHAIN_ID_MISMATCH, marked=True, **chain),
         "the statement is about chain 1", lambda root: public_values(root, chain_id=1)),
        ("schema_id__reject_next", reject(Reason.SCHEMA_MISMATCH, marked=True, **schema),
         "the schema id is the next one",
         lambda root: public_values(root, schema_id=SCHEMA_ID + 1)),
        ("schema_id__reject_big_endian", reject(Reason.SCHEMA_MISMATCH, marked=True, **swapped),
         "the schema id is written big-endian",
         lambda root: public_values(root, schema_id=0x0115)),
        ("padding__reject_first_byte_dirty", malformed(PADDED_BYTES),
         "the first byte of the padding is 1",
         lambda root: public_values(root, tail=b"\1" + NO_PADDING[1:])),
        ("padding__reject_last_byte_dirty", malformed(PADDED_BYTES),
         "the last byte of the padding is 1",
         lambda root: public_values(root, tail=NO_PADDING[1:] + b"\1")),
        ("length__reject_42_bytes", malformed(42), "the last byte is missing",
         lambda root: public_values(root)[:42]),
        ("length__reject_44_bytes", malformed(44), "a zero byte follows",
         lambda root: public_values(root, tail=b"\0")),
        ("length__reject_255_bytes", malformed(255), "padded to one byte less than 256",
         lambda root: public_values(root, tail=NO_PADDING[1:])),
        ("length__reject_257_bytes", malformed(257), "padded to one byte more than 256",
         lambda root: public_values(root, tail=NO_PADDING + b"\0")),
        ("length__reject_nothing", malformed(0), "there are no public values", b""),
    ]  # fmt: skip


def sizes(profile: ProofProfile) -> Iterator[ProofVector]:
    """The largest proof, one byte more, none, and a network's own limit."""
    limit, most = profile.max_proof_bytes, profile.max_message_bytes
    largest = noise("the largest proof", limit)
    scene = known(profile, "size/message__accept_largest")
    yield case(
        scene, scene.message(proof=largest), scene.valid(), accept(), f"a message of {most} bytes"
    )
    scene = known(profile, "size/message__reject_one_byte_more")
    message = scene.message(proof=largest)
    too_large = reject(Reason.MESSAGE_TOO_LARGE, got=most + 1, limit=most)
    yield case(
        scene,
        message.ssz() + plain(b"\0"),
        None,
        too_large,
        f"a message of {most + 1} bytes; its signature is of all but the last",
    )
    scene = known(profile, "size/proof__reject_empty")
    empty = scene.message(proof=plain(b""))
    yield case(scene, empty, None, reject(Reason.EMPTY_PROOF_DATA), "the proof has no bytes")
    scene = known(profile, "size/limit__accept_1024_bytes", max_proof_bytes=1024)
    yield case(
        scene,
        scene.message(proof=counted(1024)),
        scene.valid(),
        accept(),
        "a proof as large as this network's own limit",
    )
    scene = known(profile, "size/limit__reject_1025_bytes", max_proof_bytes=1024)
    yield case(
        scene,
        scene.message(proof=counted(1025)),
        None,
        reject(Reason.PROOF_TOO_LARGE, got=1025, limit=1024),
        "a proof one byte larger than this network's own limit",
    )


def types(profile: ProofProfile) -> Iterator[ProofVector]:
    """Types that the network has no program for."""
    for kind in (0, 4, 255):
        scene = known(profile, f"type/unsupported__reject_{kind}")
        yield case(
            scene,
            scene.message(proof_type=kind),
            None,
            reject(Reason.UNSUPPORTED_PROOF_TYPE, got=kind),
            f"a proof of type {kind}",
        )
    scene = known(profile, "type/fewer__reject_2", proof_types=(1,))
    yield case(
        scene,
        scene.message(proof_type=2),
        None,
        reject(Reason.UNSUPPORTED_PROOF_TYPE, got=2),
        "the network knows the type 1 alone",
        "a proof of type 2 comes",
        "reject: unsupported_proof_type",
        tags=("configuration",),
    )


def decoding(profile: ProofProfile) -> Iterator[ProofVector]:
    """Bytes that are no message, and bytes that are another one than was signed."""
    malformed = reject(Reason.MALFORMED_MESSAGE)
    unsigned = reject(Reason.MESSAGE_SIGNATURE_INVALID)
    changes: list[tuple[str, Outcome, str, Any]] = [
        ("bytes__reject_none", malformed, "no bytes at all", lambda data: b""),
        ("bytes__reject_head_cut", malformed, "all but the last byte of what has a fixed place",
         lambda data: data[:144]),
        ("offset__reject_outer_larger", malformed, "the outer offset is one too large",
         lambda data: b"\x6d" + data[1:]),
        ("offset__reject_outer_smaller", malformed, "the outer offset is one too small",
         lambda data: b"\x6b" + data[1:]),
        ("offset__reject_inner_larger", malformed, "the inner offset is one too large",
         lambda data: data[:108] + b"\x26" + data[109:]),
        ("offset__reject_inner_beyond_end", malformed, "the inner offset is beyond the end",
         lambda data: data[:108] + b"\xff\xff\xff\xff" + data[112:]),
        ("bytes__reject_last_cut", unsigned, "the last byte is missing", lambda data: data[:-1]),
        ("bytes__reject_one_more", unsigned, "a zero byte follows", lambda data: data + b"\0"),
    ]  # fmt: skip
    for name, expected, what, change in changes:
        scene = known(profile, f"decoding/{name}")
        data = change(scene.message().ssz().raw)
        yield case(scene, plain(data), None, expected, what)


def context(profile: ProofProfile) -> Iterator[ProofVector]:
    """What has to be known of the block."""
    scene = Scene(profile, "context/block__ignore_unknown")
    unknown = ignore(Reason.UNKNOWN_BLOCK, retry=True, block_root=scene.root())
    story = ("nothing is known of the block", WELL_SIGNED, "ignore: unknown_block, and may wait")
    yield case(scene, scene.message(), None, unknown, *story)
    has_slots = GossipRule.PAYLOAD_AVAILABLE in GOSSIP_ORDERS[profile.name]
    if not has_slots:
        return
    scene = Scene(profile, "context/payload__ignore_unseen")
    scene.know(payload=False)
    unseen = ignore(Reason.PAYLOAD_UNAVAILABLE, retry=True, block_root=scene.root())
    story = ("the block is known without its payload", WELL_SIGNED,
             "ignore: payload_unavailable, and may wait")  # fmt: skip
    yield case(scene, scene.message(), None, unseen, *story)
    for slot in (FINALIZED_SLOT - 1, FINALIZED_SLOT, FINALIZED_SLOT + 1):
        is_old = slot < FINALIZED_SLOT
        word = "ignore" if is_old else "accept"
        scene = Scene(profile, f"context/slot__{word}_{slot}_of_{FINALIZED_SLOT}")
        scene.know(slot=slot)
        old = ignore(Reason.SLOT_TOO_OLD, got=slot, finalized=FINALIZED_SLOT)
        expected = old if is_old else accept()
        story = (f"the block is of slot {slot}, slot {FINALIZED_SLOT} is finalized", WELL_SIGNED,
                 _then(expected))  # fmt: skip
        yield case(scene, scene.message(), None if is_old else scene.valid(), expected, *story)


def seen(profile: ProofProfile) -> Iterator[ProofVector]:
    """What came before."""
    first = GOSSIP_ORDERS[profile.name].index
    seen_first = first(GossipRule.PROOF_NOT_SEEN) < first(GossipRule.NO_VALID_PROOF)

    def already_known(scene: Scene, message: Message) -> Outcome:
        if seen_first:
            return already_seen(message)
        return ignore(Reason.PROOF_ALREADY_KNOWN, marked=True, proof_type=1)

    def already_seen(message: Message) -> Outcome:
        root = message.content_root()
        return ignore(Reason.PROOF_ALREADY_SEEN, marked=True, proof_root=root)

    scene = known(profile, "seen/copy__ignore_after_valid")
    message = scene.message()
    scene.saw(message, scene.valid())
    yield case(scene, message, None, already_known(scene, message),
               "it was valid", "the same message comes again", "it is ignored")  # fmt: skip
    scene = known(profile, "seen/copy__ignore_after_invalid")
    message = scene.message()
    scene.saw(message, INVALID)
    yield case(scene, message, None, already_seen(message),
               "it was invalid", "the same message comes again", "ignore: proof_already_seen",
               )  # fmt: skip
    scene = known(profile, "seen/proof__ignore_signed_by_another")
    scene.saw(scene.message(validator=2), INVALID)
    message = scene.message()
    yield case(scene, message, None, already_seen(message),
               "the proof was invalid", "another validator signs the same proof",
               "ignore: proof_already_seen")  # fmt: skip
    scene = known(profile, "seen/type__ignore_other_proof_after_valid")
    scene.saw(scene.message(validator=2, proof=counted(31)), scene.valid())
    yield case(scene, scene.message(), None, ignore(Reason.PROOF_ALREADY_KNOWN, proof_type=1),
               "a valid proof of the type is known", "another validator's other proof comes",
               "ignore: proof_already_known")  # fmt: skip
    scene = known(profile, "seen/prover__ignore_second_proof_of_type")
    scene.saw(scene.message(proof=counted(31)), INVALID)
    twice = ignore(Reason.DUPLICATE_FROM_VALIDATOR, validator_index=1)
    yield case(scene, scene.message(), None, twice,
               "the validator's proof of the type was invalid",
               "its second proof of the type comes: an equivocation",
               "ignore: duplicate_from_validator")  # fmt: skip
    yield from not_seen(profile)


def not_seen(profile: ProofProfile) -> Iterator[ProofVector]:
    """What came before and is no reason."""
    scene = known(profile, "seen/prover__accept_other_type")
    scene.saw(scene.message(proof_type=2), scene.valid())
    yield case(scene, scene.message(), scene.valid(), accept(),
               "a valid proof of type 2 is known", "the same validator's of type 1 comes",
               "it is accepted")  # fmt: skip
    scene = known(profile, "seen/type__accept_after_invalid_of_another")
    scene.saw(scene.message(validator=2, proof=counted(31)), INVALID)
    yield case(scene, scene.message(), scene.valid(), accept(),
               "another validator's proof of the type was invalid", WELL_SIGNED,
               "it is accepted")  # fmt: skip
    scene = known(profile, "seen/block__accept_same_proof_of_another")
    scene.know("other")
    scene.saw(scene.message(which="other"), scene.valid("other"))
    yield case(scene, scene.message(), scene.valid(), accept(),
               "the validator's proof of another block was valid",
               "the same bytes come as a proof of this one", "it is accepted")  # fmt: skip


def validators(profile: ProofProfile) -> Iterator[ProofVector]:
    """Who may sign."""
    unknown = reject(Reason.UNKNOWN_VALIDATOR, validator_index=NOBODY)
    scene = known(profile, "validator/index__reject_unknown")
    message = scene.message(validator=NOBODY, signer=1)
    yield case(scene, message, None, unknown, "there is no validator of this index")
    last = (1 << 64) - 1
    scene = known(profile, "validator/index__reject_largest")
    message = scene.message(validator=last, signer=1)
    largest = reject(Reason.UNKNOWN_VALIDATOR, validator_index=last)
    yield case(scene, message, None, largest, "the index is the largest of 64 bits")
    for index in INACTIVE:
        scene = known(profile, f"validator/index__reject_inactive_{index}")
        inactive = reject(Reason.VALIDATOR_NOT_ACTIVE, validator_index=index)
        message = scene.message(validator=index)
        yield case(scene, message, None, inactive, "the validator is not active; it signed well")


def signatures(profile: ProofProfile) -> Iterator[ProofVector]:
    """Signatures of others, of other messages and in other domains."""
    bad = reject(Reason.MESSAGE_SIGNATURE_INVALID)

    def build(name: str) -> Scene:
        return known(profile, f"signature/{name}")

    scene = build("key__reject_of_another")
    yield case(scene, scene.message(signer=2), None, bad, "another validator signed")
    scene = build("fork__reject_other_version")
    message = scene.message(fork_version=OTHER_FORK_VERSION)
    yield case(scene, message, None, bad, "signed for another fork version")
    scene = build("network__reject_other")
    message = scene.message(validators_root=named("another network"))
    yield case(scene, message, None, bad, "signed for another network")
    for kind in ("0d000000", "0e000000", "0f000000", "0000000f"):
        if bytes.fromhex(kind) == profile.domain_type:
            continue
        scene = build(f"domain__reject_{kind}")
        message = scene.message(domain_type=bytes.fromhex(kind))
        yield case(scene, message, None, bad, f"signed in the domain 0x{kind}")
    scene = build("root__reject_other_list_kind")
    is_bounded = profile.proof_data is ListKind.BOUNDED
    kind = ListKind.PROGRESSIVE if is_bounded else ListKind.BOUNDED
    relative = Scene(replace(profile, proof_data=kind), scene.name).message()
    message = replace(scene.message(), signature=relative.signature)
    yield case(scene, message, None, bad, f"signed is the root that a {kind.value} of bytes has")
    yield from changed_signatures(profile)


def changed_signatures(profile: ProofProfile) -> Iterator[ProofVector]:
    """Signatures that are no points, and messages that were changed after signing."""
    bad = reject(Reason.MESSAGE_SIGNATURE_INVALID)
    points = {
        "zeros": bytes(96),
        "infinity": b"\xc0" + bytes(95),
        "not_on_curve": b"\x80" + bytes(94) + b"\x03",
    }
    for name, signature in points.items():
        scene = known(profile, f"signature/point__reject_{name}")
        message = replace(scene.message(), signature=signature)
        yield case(scene, message, None, bad, f"the signature's bytes: {name.replace('_', ' ')}")
    changes: dict[str, Any] = {
        "proof": {"proof": plain(counted(31).raw + b"\0")},
        "type": {"proof_type": 2},
        "validator": {"validator_index": 2},
    }
    for name, change in changes.items():
        scene = known(profile, f"signature/changed__reject_{name}")
        message = replace(scene.message(), **change)
        yield case(scene, message, None, bad, f"changed after signing: {name}")
    scene = known(profile, "signature/changed__reject_block")
    scene.know("other")
    message = replace(scene.message(), subject=scene.root("other"))
    yield case(scene, message, None, bad, "changed after signing: block")
    scene = known(profile, "signature/changed__reject_one_bit")
    message = scene.message()
    flipped = message.signature[:-1] + bytes([message.signature[-1] ^ 1])
    yield case(scene, replace(message, signature=flipped), None, bad, "one bit is flipped")


def engine(profile: ProofProfile) -> Iterator[ProofVector]:
    """What the engine says, and what nobody could find out."""
    scene = known(profile, "engine/proof__reject_invalid")
    yield case(
        scene,
        scene.message(),
        INVALID,
        reject(Reason.PROOF_INVALID, marked=True),
        "the engine finds the proof invalid",
    )
    for cause in (Cause.TIMEOUT, Cause.BACKEND_UNAVAILABLE, Cause.OUT_OF_RESOURCES):
        scene = known(profile, f"engine/fault__ignore_{cause.value}")
        unknown = ignore(Reason.NOT_CHECKED, retry=True, cause=cause.value)
        what = f"the engine has no answer: {cause.value}; no mark stays"
        yield case(scene, scene.message(), fails(cause), unknown, what)
    for asked in ("validator", "signature"):
        scene = known(profile, f"engine/fault__ignore_{asked}_not_checked")
        scene.faults[asked] = Cause.TIMEOUT.value
        unknown = ignore(Reason.NOT_CHECKED, retry=True, cause=Cause.TIMEOUT.value)
        what = f"nobody says in time whether the {asked} is good"
        yield case(scene, scene.message(), None, unknown, what, tags=("fault",))
