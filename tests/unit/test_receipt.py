"""Receipts: keys, envelopes and statements, and that readers refuse what strangers may send."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib import dsse
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

import programs
from samebits import receipt
from samebits.receipt import Different, Key, PublicKey, Uncheckable, envelope, keys
from samebits.sealed.errors import Refused

VECTORS = Path(__file__).parents[2] / "docs" / "formats" / "receipt.md"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return Key.create(tmp_path_factory.mktemp("keys") / "key.pem")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Key.create(tmp_path_factory.mktemp("keys") / "key.pem")


def test_a_key_is_its_owners_alone_and_never_overwritten(tmp_path):
    path = tmp_path / "new" / "key.pem"
    made = Key.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Key.read(path).public == made.public == PublicKey.read(keys.public_path(path))
    before = path.read_bytes()
    with pytest.raises(Refused, match="is there already, and a key is never overwritten"):
        Key.create(path)
    assert path.read_bytes() == before
    path.chmod(0o644)
    with pytest.raises(Refused, match="may be read by others than its owner: run `chmod 600"):
        Key.read(path)


def test_a_key_may_have_a_password(tmp_path, monkeypatch):
    monkeypatch.setenv(keys.PASSWORD, "secret")
    made = Key.create(tmp_path / "key.pem")
    assert Key.read(tmp_path / "key.pem").public == made.public
    monkeypatch.setenv(keys.PASSWORD, "other")
    with pytest.raises(Refused, match="is not its password"):
        Key.read(tmp_path / "key.pem")
    monkeypatch.delenv(keys.PASSWORD)
    with pytest.raises(Refused, match="is encrypted, but there is no variable SAMEBITS_KEY_PASSWORD"):
        Key.read(tmp_path / "key.pem")


def second_opinion(signed, public):
    """Verify an envelope by securesystemslib, the library of in-toto and TUF; return whether it holds."""
    found = dsse.Envelope.from_dict(json.loads(signed))
    try:
        found.verify([SSlibKey.from_crypto(public.key, public.id)], 1)
    except VerificationError:
        return False
    return True


@settings(max_examples=20, deadline=None)
@given(payload=st.binary(max_size=200), position=st.integers(0, 199))
def test_another_implementation_of_dsse_says_the_same(key, other, payload, position):
    signed = envelope.seal(payload, key)
    assert second_opinion(signed, key.public)
    assert not second_opinion(signed, other.public)
    fields = json.loads(signed)
    changed = bytearray(payload or b"x")
    changed[position % len(changed)] ^= 1
    fields["payload"] = base64.b64encode(changed).decode()
    for each in (fields, {**fields, "payloadType": "text/plain"}):
        assert not second_opinion(json.dumps(each), key.public)
        with pytest.raises((Different, Refused)):
            envelope.opened(json.dumps(each).encode(), [key.public], "it")


def test_we_open_what_another_implementation_signed(key):
    foreign = dsse.Envelope(b"{}", envelope.PAYLOAD, {})
    private = CryptoSigner(key.key, SSlibKey.from_crypto(key.public.key, key.public.id))
    foreign.sign(private)
    assert envelope.opened(json.dumps(foreign.to_dict()).encode(), [key.public], "it") == b"{}"


def test_of_many_processes_one_makes_the_key(tmp_path):
    program = "from samebits.receipt.issue import own_key; print(own_key().public.id)"
    variables = {**os.environ, keys.PLACE: str(tmp_path / "key.pem")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [process.communicate() for process in processes]
    assert {out.strip() for out, _ in said} == {Key.read(tmp_path / "key.pem").public.id}
    assert sum("made a signing key of your own" in err for _, err in said) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", "key.pub.pem"]


@pytest.mark.parametrize(
    "text", [b"", b"not PEM", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_key_is_refused(text, tmp_path):
    (tmp_path / "key.pem").write_bytes(text)
    (tmp_path / "key.pem").chmod(0o600)
    for read in (Key.read, PublicKey.read):
        with pytest.raises(Refused, match=r"is no p(ublic|rivate) key in PEM"):
            read(tmp_path / "key.pem")


def test_the_same_statement_has_the_same_signature(key):
    assert receipt.seal(b"{}", key) == receipt.seal(b"{}", key)
    assert receipt.opened(receipt.seal(b"{}", key), [key.public], "it") == b"{}"


def test_a_signature_is_of_one_content_and_one_key(key, other):
    sealed = receipt.seal(b'{"a": 1}', key)
    with pytest.raises(Uncheckable, match=r"it is signed by SHA256:[0-9a-f]{64}; get their public key"):
        receipt.opened(sealed, [], "it")
    with pytest.raises(Different, match="and not by"):
        receipt.opened(sealed, [other.public], "it")
    fields = json.loads(sealed)
    fields["payload"] = base64.b64encode(b'{"a": 2}').decode()
    with pytest.raises(Different, match="is not of this content, which was changed"):
        receipt.opened(json.dumps(fields).encode(), [key.public], "it")
    # another's signature under the trusted key's name
    fields = json.loads(receipt.seal(b'{"a": 1}', other))
    fields["signatures"][0]["keyid"] = key.public.id
    with pytest.raises(Different, match="is not of this content"):
        receipt.opened(json.dumps(fields).encode(), [key.public], "it")


def test_a_stranger_can_verify_the_envelope_with_openssl(key, tmp_path):
    sealed = json.loads(receipt.seal(b'{"a": 1}', key))
    payload = base64.b64decode(sealed["payload"])
    kind = sealed["payloadType"].encode()
    (tmp_path / "signed").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (tmp_path / "sig").write_bytes(base64.b64decode(sealed["signatures"][0]["sig"]))
    (tmp_path / "key.pem").write_bytes(key.public.pem())
    programs.need("openssl")
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "signed"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "Verified OK", done.stderr


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text(max_size=5), st.lists).map(lambda x: json.dumps(x).encode())
)
@settings(max_examples=300)
def test_no_bytes_break_the_readers(data):
    for read in (
        lambda: envelope.opened(data, [], "it"),
        lambda: receipt.parse(data, "it"),
        lambda: receipt.parse_package(data, "it"),
    ):
        with pytest.raises(Refused):
            read()


def test_deep_and_large_texts_are_refused():
    for data in (b"[" * 100_000, b'{"payload":' * 10_000, b"{" + b" " * (65 << 20)):
        with pytest.raises(Refused):
            envelope.opened(data, [], "it")
        with pytest.raises(Refused):
            receipt.parse(data[: 1 << 20], "it")


def example():
    """Return the test vector of the format's page."""
    text = VECTORS.read_text()
    return json.loads(text.split("```json vectors receipt\n")[1].split("```")[0])


def test_the_pages_vector_is_what_is_written():
    vector = example()
    parsed = receipt.parse(json.dumps(vector["statement"]).encode(), "it")
    encoded = receipt.encode(parsed)
    assert encoded == base64.b64decode(vector["envelope"]["payload"])
    public = keys.PublicKey.read(VECTORS.parent / vector["key"])
    sealed = json.dumps(vector["envelope"]).encode()
    assert receipt.opened(sealed, [public], "it") == encoded


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda s: s.update(predicateType="urn:samebits:receipt:2"),
            "predicateType: Input should be 'urn:samebits:receipt:1'",
        ),
        (lambda s: s.update(extra=1), "extra: Extra inputs are not permitted"),
        (
            lambda s: s["predicate"]["verdict"].update(verdict="different"),
            "verdict.verdict: Input should be 'identical'",
        ),
        (lambda s: s.update(subject=[]), "subject: List should have at least 1 item"),
        (lambda s: s.update(subject=s["subject"] * 2), "two resources have one name"),
        (lambda s: s["subject"][0]["digest"].update(sha256="0" * 63), "String should match pattern"),
        (lambda s: s["predicate"].pop("fingerprint"), "fingerprint: Field required"),
    ],
)
def test_receipts_of_another_form_are_refused_by_name(change, said):
    fields = example()["statement"]
    change(fields)
    with pytest.raises(Refused, match="is no statement that this version of samebits") as refused:
        receipt.parse(json.dumps(fields).encode(), "it")
    assert said in str(refused.value)
