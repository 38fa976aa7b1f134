"""Signed registries: believed under a trusted key alone."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.engines import REGISTRY
from zkattest.crypto.ed25519 import PublicKey, SigningKey
from zkattest.node.config_reader import ConfigError
from zkattest.node.registry_export import (
    PAYLOAD_TYPE,
    UntrustedExport,
    export_registry,
    is_export,
    open_export,
)
from zkattest.node.registry_file import load_registry, parse_registry, registry_document

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
DOCUMENT = {"version": 1, "entry": []}
EXPORT = export_registry(DOCUMENT, KEY)


def changed(**fields):
    return json.dumps({**json.loads(EXPORT), **fields}).encode()


def test_export__opens_under_its_key():
    assert is_export(EXPORT)
    payload, signer = open_export(EXPORT, [OTHER.public_key, KEY.public_key])
    assert (json.loads(payload), signer) == (DOCUMENT, KEY.public_key)


def test_export__is_what_the_format_has():
    # DSSE v1.0.2, protocol.md: the signature is over PAE(type, payload).
    envelope = json.loads(EXPORT)
    payload = base64.b64decode(envelope["payload"])
    kind = PAYLOAD_TYPE.encode()
    message = b" ".join(
        [b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload]
    )
    public = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), message)


def signature_of(key):
    return json.loads(export_registry(DOCUMENT, key))["signatures"][0]


@pytest.mark.parametrize(
    ("data", "trusted", "words"),
    [
        (EXPORT, [], "no key is trusted"),
        (EXPORT, [OTHER.public_key], "none of the trusted keys"),
        (changed(payload=base64.b64encode(b"{}").decode()), [KEY.public_key], "none of the"),
        (changed(payloadType="text/plain"), [KEY.public_key], "payloadType"),
        (changed(signatures=[]), [KEY.public_key], "signatures"),
        (changed(signatures=[{}]), [KEY.public_key], "not an envelope"),
        (changed(signatures=[{"sig": "*"}]), [KEY.public_key], "base64"),
        (changed(more=1), [KEY.public_key], "expected payload"),
        (b'{"payloadType"', [KEY.public_key], "not an envelope"),
        (b'{"payloadType": 1, "a": [[[', [KEY.public_key], "not an envelope"),
    ],
)
def test_export__not_believed(data, trusted, words):
    with pytest.raises(UntrustedExport, match=words):
        open_export(data, trusted)


def test_export__believed_with_a_trusted_signature_among_others():
    both = changed(signatures=[signature_of(OTHER), signature_of(KEY)])
    assert open_export(both, [KEY.public_key])[1] == KEY.public_key


@given(st.integers(0, len(EXPORT) - 1), st.integers(0, 255))
def test_export__any_changed_byte_leaves_the_registry_or_is_refused(position, value):
    data = bytearray(EXPORT)
    data[position] = value
    try:
        payload, _ = open_export(bytes(data), [KEY.public_key])
    except UntrustedExport:
        return
    assert json.loads(payload) == DOCUMENT


def test_registry__signed_is_taken_under_a_trusted_key_and_unsigned_is_not(tmp_path):
    path = tmp_path / "registry.json"
    registry = parse_registry(path, REGISTRY.encode()).registry
    path.write_bytes(export_registry(registry_document(registry), KEY))
    loaded = load_registry(path, [KEY.public_key])
    assert (loaded.registry, loaded.signer) == (registry, KEY.public_key)
    for trusted in ((), (PublicKey(b"\1" * 32),)):
        with pytest.raises(ConfigError, match="signature"):
            load_registry(path, trusted)
    path.write_text(REGISTRY)
    with pytest.raises(ConfigError, match="not a signed export"):
        load_registry(path, [KEY.public_key])
