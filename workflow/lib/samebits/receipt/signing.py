"""The model's files signed as OpenSSF Model Signing has it, for those who verify with its tools.

The receipt says more and is always there. This signature comes on top, by the same key, or by Sigstore
without a key of one's own. Its bytes are new each time, so no package holds it.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from samebits.receipt import keys
from samebits.receipt.keys import PublicKey
from samebits.receipt.unverified import Different
from samebits.sealed.errors import Refused

SIGNATURE = "model.sig"
#: made without a key, by Sigstore
KEYLESS = "model.sigstore.json"


def available() -> bool:
    """Tell whether models can be signed so here."""
    # model-signing 1.1 imports pyOpenSSL without asking for it
    return all(find_spec(name) for name in ("model_signing", "OpenSSL"))


def sign(model: Path, signature: Path, key: Path) -> None:
    """Sign the files of a model with a private key."""
    from model_signing import signing

    password = os.environ.get(keys.PASSWORD)
    signing.Config().use_elliptic_key_signer(private_key=key, password=password).sign(model, signature)


def check(model: Path, signature: Path, key: PublicKey, scratch: Path) -> None:
    """Hold the files of a model against a signature.

    Args:
        model: the model's folder.
        signature: what ``sign`` wrote.
        key: who is to have signed.
        scratch: a folder for the key's file.

    Raises:
        Different: they are not what was signed, or another signed.
    """
    from model_signing import verifying

    path = scratch / "key.pem"
    path.write_bytes(key.pem())
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=path).verify(model, signature)
    except Exception as error:  # the library has no errors of its own
        message = " ".join(str(error).split())[:200]
        raise Different(
            f"{signature} is not of the files in {model}, or not by {key.id}: {message}"
        ) from None


def sign_keyless(model: Path, signature: Path, ambient: bool) -> None:
    """Sign the files of a model by Sigstore, which asks who you are in the browser.

    Args:
        model: the model's folder.
        signature: the file to write.
        ambient: take the identity that a CI service gives instead of asking.

    Raises:
        Refused: model-signing is not installed, or Sigstore cannot be reached or does not know you.
    """
    if not available():
        raise Refused("signing by Sigstore needs model-signing: pip install 'samebits[signing]'")
    from model_signing import signing

    try:
        signer = signing.Config().use_sigstore_signer(use_ambient_credentials=ambient, force_oob=True)
        signer.sign(model, signature)
    except Exception as error:  # of many libraries below it
        message = " ".join(str(error).split())[:200] or type(error).__name__
        raise Refused(f"Sigstore did not sign {model}: {message}; see that it can be reached") from None
