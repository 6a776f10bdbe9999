"""Signed statements in DSSE's envelope (Dead Simple Signing Envelope, version 1.0.0).

What is signed is not the JSON but its type, its length and its bytes, so nothing is parsed before its signer
is known.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from samebits.receipt.keys import Key, PublicKey
from samebits.receipt.unverified import Different, Foreign, Uncheckable
from samebits.sealed.digest import canonical_json
from samebits.sealed.errors import Refused

PAYLOAD = "application/vnd.in-toto+json"
#: what a signed receipt is called
ENVELOPE = "receipt.dsse.json"

_LARGEST = 64 << 20  # bytes


def sign(statement: bytes, key: Key) -> bytes:
    """Sign a statement; the same bytes for the same statement and key."""
    signature = {"keyid": key.public.id, "sig": _text(key.sign(_signed(statement)))}
    fields = {"payload": _text(statement), "payloadType": PAYLOAD, "signatures": [signature]}
    return canonical_json(fields) + b"\n"


def authenticate(envelope: bytes, trusted: Sequence[PublicKey], where: str) -> bytes:
    """Return the statement in an envelope that the owner of a trusted key signed.

    Args:
        envelope: the envelope's bytes.
        trusted: keys of whom may have signed.
        where: names the envelope in errors.

    Raises:
        Refused: it is no envelope of a statement.
        Uncheckable: no key is given.
        Foreign: none of the trusted keys' owners signed it.
        Different: it was changed since.
    """
    statement, signatures = _parse(envelope, where)
    ids = ", ".join(sorted(signatures)) or "nobody"
    if not trusted:
        raise Uncheckable(
            f"{where} is signed by {ids}; get their public key from them and give it with --key"
        )
    for key in trusted:
        if key.id in signatures:
            if key.verifies(signatures[key.id], _signed(statement)):
                return statement
            raise Different(f"{where}: the signature of {key.id} is not of this content, which was changed")
    raise Foreign(f"{where} is signed by {ids}, and not by {', '.join(key.id for key in trusted)}")


def _parse(envelope: bytes, where: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the statement and the signatures by key."""
    try:
        if len(envelope) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST >> 20} MiB")
        fields: Any = json.loads(envelope)
        if fields["payloadType"] != PAYLOAD:
            raise ValueError(f"its payloadType is {fields['payloadType']!r}")
        signatures = {str(each["keyid"]): _bytes(each["sig"]) for each in fields["signatures"]}
        return _bytes(fields["payload"]), signatures
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise Refused(f"{where} is no signed statement ({message}); get the file again") from None


def _signed(statement: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"not base64: {error}") from None
