"""Signing keys: ECDSA on the curve P-256, in PEM files, a private one readable by its owner alone.

A key is named by the SHA-256 of its public half (DER, SubjectPublicKeyInfo), as Sigstore and in-toto do.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from platformdirs import user_config_path

from samebits.sealed import files
from samebits.sealed.errors import Refused

#: variables: the private key's file, and the password that it is encrypted with
PLACE = "SAMEBITS_KEY"
PASSWORD = "SAMEBITS_KEY_PASSWORD"  # noqa: S105  the variable's name

# the same bytes give the same signature (RFC 6979), so a package is the same on every build
_SCHEME = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class Taken(Refused):
    """There is a key already."""


@dataclass(frozen=True)
class PublicKey:
    """Who may have signed.

    Attributes:
        id: ``SHA256:…``, 64 hex digits.
        key: the key itself.
    """

    id: str
    key: ec.EllipticCurvePublicKey

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """Read a PEM file.

        Raises:
            Refused: it is missing, no public key, or none on P-256.
        """
        data = _read_key_file(path)
        try:
            key = serialization.load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise Refused(
                f"{path} is no public key in PEM; `samebits key` prints the path of yours"
            ) from None
        return _public(key, path)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Tell whether the owner of this key signed a message."""
        try:
            self.key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Encode for a file."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@dataclass(frozen=True)
class Key:
    """A private key; ``public`` is what others verify with."""

    public: PublicKey
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def read(cls, path: Path) -> "Key":
        """Read a PEM file; if it is encrypted, the password is in the variable SAMEBITS_KEY_PASSWORD.

        Raises:
            Refused: it is missing, no private key on P-256, open to others, or the password is wrong.
        """
        data = _read_key_file(path)
        if path.stat().st_mode & 0o077:
            raise Refused(f"{path} may be read by others than its owner: run `chmod 600 {path}`")
        password = os.environ.get(PASSWORD)
        try:
            key = serialization.load_pem_private_key(data, password.encode() if password else None)
        except TypeError:
            state = "is encrypted, but there is no" if not password else "is not encrypted; unset the"
            raise Refused(f"{path} {state} variable {PASSWORD}") from None
        except (ValueError, UnsupportedAlgorithm):
            raise Refused(f"{path} is no private key in PEM, or {PASSWORD} is not its password") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Refused(f"{path} is no key on the curve P-256; make one with `samebits key --new PATH`")
        return cls(_public(key.public_key(), path), key)

    @classmethod
    def create(cls, path: Path) -> "Key":
        """Make a key, its private half at ``path`` and its public one beside it, as ``public_path`` says.

        Raises:
            Taken: there is a file already.
        """
        private = ec.generate_private_key(ec.SECP256R1())
        key = cls(_public(private.public_key(), path), private)
        password = os.environ.get(PASSWORD)
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password.encode())
        text = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            files.create(path, text)
        except FileExistsError:
            raise Taken(f"{path} is there already, and a key is never overwritten") from None
        public_path(path).write_bytes(key.public.pem())
        return key

    def sign(self, message: bytes) -> bytes:
        """Sign a message; DER, and always the same bytes for the same message."""
        return self.key.sign(message, _SCHEME)


def own_path() -> Path:
    """Return where the user's private key is: as SAMEBITS_KEY says, or in the user's settings."""
    if place := os.environ.get(PLACE):
        return Path(place)
    return user_config_path("samebits") / "signing-key.pem"


def public_path(private: Path) -> Path:
    """Return where the public half of a key lies: ``signing-key.pub.pem`` beside ``signing-key.pem``."""
    return private.with_suffix(f".pub{private.suffix}")


def own_public() -> PublicKey | None:
    """Return the public half of the user's own key; None if there is no key."""
    path = public_path(own_path())
    if path.is_file():
        return PublicKey.read(path)
    return Key.read(own_path()).public if own_path().is_file() else None


def _read_key_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: the key cannot be read: {error.strerror}") from None


def _public(key: object, path: Path) -> PublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Refused(f"{path} is no key on the curve P-256; make one with `samebits key --new PATH`")
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(f"SHA256:{hashlib.sha256(der).hexdigest()}", key)
