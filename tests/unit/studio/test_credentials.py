"""Content credentials: signed with a chain of our own, read back, and broken by a changed byte."""

from __future__ import annotations

import datetime as dt
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.credentials import read, sign

from .pictures.making import file, quarters

pytestmark = pytest.mark.requirement("media:credentials")


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Maison Skyy")]
    )


def chain(usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION) -> tuple[str, str]:
    """A certificate that may sign, with the authority above it, and the key, as PEM."""
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)

    def made(subject: str, key: ec.EllipticCurvePrivateKey, authority: bool) -> x509.Certificate:
        use = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("Root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **use),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        )
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(above, SHA256())

    pem = b"".join(
        made(subject, key, authority).public_bytes(Encoding.PEM)
        for subject, key, authority in (("Signer", own, False), ("Root", above, True))
    )
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode(), key.decode()


@pytest.mark.parametrize(
    ("kind", "form"), [("image/jpeg", "JPEG"), ("image/webp", "WEBP"), ("image/png", "PNG"), ("image/avif", "AVIF")]
)
def test_what_was_signed_is_read_back(kind: str, form: str) -> None:
    content = file(quarters(), form)
    assert read(content, kind) is None
    signed = sign(content, kind, "coat", "model", *chain())
    found = read(signed, kind)
    assert found is not None
    assert (found.state, found.issuer, found.made_by_ai) == ("valid", "Maison Skyy", True)
    assert found.actions == ("c2pa.created",)
    assert len(signed) - len(content) < 30_000, "no thumbnail goes in"


def test_what_was_only_edited_is_not_said_to_be_generated() -> None:
    found = read(sign(file(quarters(), "JPEG"), "image/jpeg", "coat", "program", *chain()), "image/jpeg")
    assert found is not None
    assert (found.made_by_ai, found.actions) == (False, ("c2pa.created",))


def test_a_changed_byte_is_found() -> None:
    signed = bytearray(sign(file(quarters(), "JPEG"), "image/jpeg", "coat", "model", *chain()))
    signed[-200] ^= 1
    found = read(bytes(signed), "image/jpeg")
    assert found is not None
    assert found.state == "invalid"
    assert found.problems


def test_wrong_files_certificates_and_kinds_are_refused() -> None:
    content = file(quarters(), "JPEG")
    for kind, pair, code in (
        ("image/gif", chain(), Code.INVALID_ARGUMENTS),
        ("image/jpeg", ("no certificate", chain()[1]), Code.NOT_CONFIGURED),
        ("image/jpeg", (chain()[0], "no key"), Code.NOT_CONFIGURED),
        ("image/jpeg", chain(ExtendedKeyUsageOID.SERVER_AUTH), Code.NOT_CONFIGURED),
    ):
        with pytest.raises(Refused) as caught:
            sign(content, kind, "coat", "model", *pair)
        assert caught.value.code is code


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(Refused) as caught:
        read(file(quarters(), "JPEG"), "image/jpeg")
    assert "[provenance]" in caught.value.hint
