"""Signatures of evidence: Ed25519, over the document in its canonical form.

Whoever has the public key of a publisher can tell that the publisher wrote each word and figure.
The public key that stands in a signature says which key it was, not whose. No message holds a key.
"""

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_dagster.errors import EvidenceError
from anon_dagster.report.canonical import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE = "signature"
SIGNING_KEY = "ANON_SIGNING_KEY"
"""The environment variable that names the file of the private key."""
_ALGORITHM = "Ed25519"
_INSTALL = "signatures need the package cryptography: pip install 'anon-dagster[signing]'"


def signed(document: Mapping[str, Any], key: str | Path | None = None) -> dict[str, Any]:
    """Return a document with a signature, if there is a key; else without one.

    Parameters
    ----------
    key
        The PEM file of an Ed25519 private key; the one that :data:`SIGNING_KEY` names if left out.

    Raises
    ------
    EvidenceError
        If the key cannot be read, is no such key, or may be read by everybody.
    """
    bare = {name: value for name, value in document.items() if name != SIGNATURE}
    named = key or os.environ.get(SIGNING_KEY)
    if not named:
        return bare
    private = _private_key(Path(named))
    told = {
        "algorithm": _ALGORITHM,
        "public_key": _text(private.public_key().public_bytes_raw()),
        "value": _text(private.sign(canonical(bare))),
    }
    return bare | {SIGNATURE: told}


def is_signed_by(document: Mapping[str, Any], key: str | Path) -> bool:
    """Tell whether a document as it is was signed by the owner of a public key.

    Parameters
    ----------
    key
        The PEM file of an Ed25519 public key.

    Raises
    ------
    EvidenceError
        If the key cannot be read, or is no such key.
    """
    public = _public_key(Path(key))
    from cryptography.exceptions import InvalidSignature

    told = document.get(SIGNATURE)
    if not isinstance(told, Mapping) or told.get("algorithm") != _ALGORITHM:
        return False
    bare = {name: value for name, value in document.items() if name != SIGNATURE}
    try:
        public.verify(base64.b64decode(str(told.get("value")), validate=True), canonical(bare))
    except (InvalidSignature, ValueError):
        return False
    return bool(told.get("public_key") == _text(public.public_bytes_raw()))


def make_keys(private: Path) -> Path:
    """Draw a key, write it to a file for its owner only, and the public one beside it.

    Returns
    -------
    Path
        Of the public key: ``key.pem`` has ``key.pub.pem``.

    Raises
    ------
    EvidenceError
        If one of the two is there already, or cannot be written.
    """
    _require_library()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public, drawn = private.with_suffix(".pub.pem"), Ed25519PrivateKey.generate()
    kept = drawn.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    told = drawn.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    for path in (private, public):
        if path.exists():
            raise EvidenceError(f"{path} is there already: name another file")
    _write(private, kept, 0o600)
    _write(public, told, 0o644)
    return public


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be written: {error.strerror}") from None


def _private_key(path: Path) -> "Ed25519PrivateKey":
    content = _content(path)
    if path.stat().st_mode & stat.S_IROTH:
        raise EvidenceError(
            f"everybody on this machine may read the private key {path}: chmod 600 {path}"
        )
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        raise EvidenceError(
            f"the private key {path} has a passphrase, which nobody is there to type: give one "
            "without, such as anon evidence keygen makes"
        ) from None
    except Exception:  # noqa: BLE001 (whatever it is, it may quote the file)
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{path} is no PEM file of an Ed25519 private key")
    return key


def _public_key(path: Path) -> "Ed25519PublicKey":
    content = _content(path)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(content)
    except Exception:  # noqa: BLE001 (whatever it is, it may quote the file)
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise EvidenceError(f"{path} is no PEM file of an Ed25519 public key")
    return key


def _content(path: Path) -> bytes:
    _require_library()
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"the key {path} cannot be read: {error.strerror}") from None


def _require_library() -> None:
    try:
        import cryptography  # noqa: F401 (whether it is there)
    except ImportError:
        raise EvidenceError(_INSTALL) from None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
