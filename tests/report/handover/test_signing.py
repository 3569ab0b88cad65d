"""Signatures of evidence: who wrote it, and that it is as it was written."""

import stat
from pathlib import Path

import pytest

from anon_dagster.errors import EvidenceError
from anon_dagster.report.handover import is_signed_by, make_keys, signed

DOCUMENT = {"release": {"records": 5, "share": 0.25}, "words": "Käse <b>", "none": None}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    private = tmp_path / "key.pem"
    make_keys(private)
    return private


def public_of(key: Path) -> Path:
    return key.with_suffix(".pub.pem")


def test_what_is_signed_is_known_by_the_public_key(key: Path) -> None:
    assert is_signed_by(signed(DOCUMENT, key), public_of(key))


def test_the_order_of_keys_is_of_no_matter(key: Path) -> None:
    turned = dict(reversed(signed(DOCUMENT, key).items()))
    assert is_signed_by(turned, public_of(key))


def test_a_word_or_a_figure_that_was_changed_is_found(key: Path) -> None:
    document = signed(DOCUMENT, key)
    for changed in ({"words": "Kase <b>"}, {"none": 0}, {"release": {"records": 6}}, {"new": 1}):
        assert not is_signed_by(document | changed, public_of(key))


def test_another_key_is_told_apart(key: Path, tmp_path: Path) -> None:
    other = make_keys(tmp_path / "other.pem")
    assert not is_signed_by(signed(DOCUMENT, key), other)


def test_a_signature_that_makes_no_sense_is_none(key: Path) -> None:
    document = signed(DOCUMENT, key)
    for broken in (None, "x", {}, {"algorithm": "Ed25519", "value": "§"}, {"algorithm": "none"}):
        assert not is_signed_by(document | {"signature": broken}, public_of(key))


def test_signing_again_replaces_the_signature(key: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    public = make_keys(other)
    assert is_signed_by(signed(signed(DOCUMENT, key), other), public)


def test_the_environment_names_a_key(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_SIGNING_KEY", str(key))
    assert is_signed_by(signed(DOCUMENT), public_of(key))


def test_without_a_key_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANON_SIGNING_KEY", raising=False)
    assert signed(DOCUMENT) == DOCUMENT


def test_a_private_key_is_for_its_owner_alone_and_is_not_overwritten(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(EvidenceError, match="is there already"):
        make_keys(key)


def test_a_private_key_that_everybody_may_read_is_refused(key: Path) -> None:
    key.chmod(0o644)
    with pytest.raises(EvidenceError, match="chmod 600"):
        signed(DOCUMENT, key)


def test_no_message_has_a_key_in_it(key: Path, tmp_path: Path) -> None:
    """Keys that are none, of another kind, or with a passphrase, are refused by their path."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    def pem(private: object, encryption: form.KeySerializationEncryption) -> bytes:
        assert isinstance(private, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
        kind = form.PrivateFormat.PKCS8
        return private.private_bytes(form.Encoding.PEM, kind, encryption)

    none, curve = form.NoEncryption(), ec.generate_private_key(ec.SECP256R1())
    locked = form.BestAvailableEncryption(b"MARKER")
    for number, content in enumerate(
        [
            b"MARKER",
            b"-----BEGIN PRIVATE KEY-----\nMARKER\n-----END PRIVATE KEY-----\n",
            pem(curve, none),
            pem(ed25519.Ed25519PrivateKey.generate(), locked),
            public_of(key).read_bytes(),
        ]
    ):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(EvidenceError) as error:
            signed(DOCUMENT, path)
        assert "MARKER" not in str(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None
    with pytest.raises(EvidenceError, match="cannot be read"):
        signed(DOCUMENT, tmp_path / "nothing.pem")
    with pytest.raises(EvidenceError, match="public key"):
        is_signed_by(signed(DOCUMENT, key), key)
