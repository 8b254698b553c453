"""Content credentials (C2PA 2.2): signed words in a picture or film about how it was made, and the reading of them.

Nothing leaves the machine: no time stamps are fetched, no manifests, no lists of trust.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from devskyy_mcp import __version__
from devskyy_mcp.errors import Code, Refused

if TYPE_CHECKING:
    import c2pa  # pyright: ignore[reportMissingTypeStubs] # it has none

KINDS = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif", "video/mp4"})
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
Origin = Literal["model", "with_model", "program"]
"""Made by a model, partly so, or of other pictures by a program."""
_ORIGINS: dict[Origin, str] = {
    "model": f"{_SOURCE}trainedAlgorithmicMedia",
    "with_model": f"{_SOURCE}compositeWithTrainedAlgorithmicMedia",
    "program": f"{_SOURCE}algorithmicallyEnhanced",
}
"""IPTC's words for it."""
_BY_MODEL = {_ORIGINS["model"], _ORIGINS["with_model"]}
_SETTINGS: dict[str, Any] = {
    # By default a thumbnail goes in that may be larger than the picture.
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
_ALGORITHMS = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file says of itself.

    Args:
        state: ``valid`` (signed, and unchanged since), ``trusted`` (and by somebody on a list of trust), ``invalid``.
        issuer: who signed, by the certificate.
        made_by_ai: whether it says that a model made it, wholly or in part.
        actions: what was done, such as ``c2pa.created``.
        problems: codes of what is wrong.
    """

    state: str
    issuer: str
    made_by_ai: bool
    actions: tuple[str, ...]
    problems: tuple[str, ...]


def sign(content: bytes, kind: str, name: str, origin: Origin, certificate: str, key: str) -> bytes:
    """The file with a signed manifest.

    Args:
        content: the file.
        kind: its media type, one of ``KINDS``.
        name: what it is called.
        origin: what made it.
        certificate: PEM, the signer's first, then those above it.
        key: PEM of its private key, on one of the NIST curves or Ed25519.

    Raises:
        Refused: NOT_CONFIGURED without the extra [provenance] or for a certificate that may not sign;
            INVALID_ARGUMENTS for another type of file.
    """
    c2pa = _library()
    if kind not in KINDS:
        raise Refused(Code.INVALID_ARGUMENTS, f"Files of the type {kind} can't carry content credentials.")
    try:
        with _context(c2pa) as context, c2pa.Builder(_manifest(name, origin), context=context) as builder:
            out = io.BytesIO()
            info = c2pa.C2paSignerInfo(_algorithm(key), certificate.encode(), key.encode(), None)
            with c2pa.Signer.from_info(info) as signer:
                builder.sign(signer, kind, io.BytesIO(content), out)
            return out.getvalue()
    except (c2pa.C2paError, ValueError):  # its texts tell paths and bytes
        raise Refused(
            Code.NOT_CONFIGURED,
            "The file could not be signed with this certificate and key.",
            "The certificate must allow digitalSignature and emailProtection, and its chain be in the file.",
        ) from None


def read(content: bytes, kind: str) -> Credentials | None:
    """What the file says of itself; None where it says nothing.

    Raises:
        Refused: NOT_CONFIGURED without the extra [provenance].
    """
    c2pa = _library()
    if kind not in KINDS:
        return None
    try:
        with _context(c2pa) as context, c2pa.Reader(kind, io.BytesIO(content), context=context) as reader:
            store: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError:
        return Credentials("invalid", "", False, (), ("unreadable",))
    manifest: dict[str, Any] = store.get("manifests", {}).get(store.get("active_manifest"), {})
    actions = [action for one in manifest.get("assertions", []) for action in one.get("data", {}).get("actions", [])]
    return Credentials(
        str(store.get("validation_state", "invalid")).lower(),
        str(manifest.get("signature_info", {}).get("issuer", "")),
        any(action.get("digitalSourceType") in _BY_MODEL for action in actions),
        tuple(str(action.get("action")) for action in actions),
        tuple(str(one.get("code")) for one in store.get("validation_status", [])),
    )


def _library() -> Any:
    try:
        import c2pa  # pyright: ignore[reportMissingTypeStubs] # as above
    except ImportError:
        raise Refused(
            Code.NOT_CONFIGURED,
            "Content credentials need the extra [provenance].",
            "pip install 'devskyy-mcp[provenance]'",
        ) from None
    return c2pa


def _context(library: Any) -> c2pa.Context:
    return library.Context.from_dict(_SETTINGS)


def _manifest(name: str, origin: Origin) -> dict[str, Any]:
    return {
        "claim_generator_info": [{"name": "DevSkyy", "version": __version__}],
        "title": name,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": _ORIGINS[origin]}]},
            }
        ],
    }


def _algorithm(key: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = load_pem_private_key(key.encode(), None)
    if isinstance(found, Ed25519PrivateKey):
        return "ed25519"
    if isinstance(found, EllipticCurvePrivateKey) and found.curve.name in _ALGORITHMS:
        return _ALGORITHMS[found.curve.name]
    raise ValueError("another kind of key")
