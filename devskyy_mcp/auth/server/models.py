"""What requests may look like. authlib sees nothing that has not passed here: hostile input makes it raise."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl, unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

FIELDS = 40
LONGEST_HEADER = 8 * 1024
LONGEST_NAME = 80
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
SECRET_METHODS = METHODS[:-1]
SIGNED_WITH = ["ES256", "RS256", "PS256", "Ed25519"]
"""How clients say who they are (RFC 7591 §2, OpenID Connect Core §9), and the algorithms of their assertions."""
_BASIC = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)

# RFC 6749 Appendix A. The values that authlib puts into its own sentences have no quotes and no backslashes.
Id = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$")]
Secret = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,512}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,2048}$")]
Scope = Annotated[
    str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$", max_length=2048)
]
State = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,2048}$")]
Assertion = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=8192)
]
Model = TypeVar("Model", bound=BaseModel)


class Rejected(Exception):
    """A request that is answered with an OAuth error (RFC 6749 §4.1.2.1 and §5.2).

    Args:
        error: the code.
        description: one sentence of plain ASCII without quotes, nothing of the request in it.
        status: the HTTP status where no browser is redirected.
    """

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


class Strict(BaseModel):
    """Unknown parameters are ignored, as RFC 6749 §3.1 has it; known ones are what they must be."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)


class Asking(Strict):
    """Who sends a browser to the authorization endpoint, and where it would go back to."""

    client_id: Id
    redirect_uri: Address | None = None


class Authorization(Strict):
    """The rest of an authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707)."""

    response_type: Literal["code"]
    code_challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    scope: Scope | None = None
    state: State | None = None
    resource: Address | None = None
    prompt: Scope | None = None


class Credentials(Strict):
    """How a client says who it is (RFC 6749 §2.3, RFC 7523 §2.2)."""

    client_id: Id | None = None
    client_secret: Secret | None = None
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None = None
    client_assertion: Assertion | None = None


class CodeExchange(Credentials):
    grant_type: Literal["authorization_code"]
    code: Secret
    code_verifier: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]
    redirect_uri: Address | None = None
    resource: Address | None = None


class Refresh(Credentials):
    grant_type: Literal["refresh_token"]
    refresh_token: Secret
    scope: Scope | None = None
    resource: Address | None = None


class OwnName(Credentials):
    grant_type: Literal["client_credentials"]
    scope: Scope | None = None
    resource: Address | None = None


class TokenInHand(Credentials):
    """A token to revoke (RFC 7009 §2.1) or to look up (RFC 7662 §2.1); its hint is not needed."""

    token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,8192}$")]


class Registration(Strict):
    """What a client says of itself (RFC 7591 §2), as far as it counts here."""

    redirect_uris: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(min_length=1, max_length=20)]
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 # a method's name, RFC 7591's default
    grant_types: Annotated[list[str], Field(max_length=20)] = ["authorization_code", "refresh_token"]
    response_types: Annotated[list[str], Field(max_length=20)] = ["code"]
    client_name: Annotated[str, Field(max_length=1000)] = ""
    client_uri: Annotated[str, Field(max_length=2048)] = ""
    scope: Annotated[str, Field(max_length=4096)] = ""


class Document(Registration):
    """A Client ID Metadata Document; what it must have of a registration, and where its keys are."""

    client_id: Annotated[str, Field(max_length=2048)]
    token_endpoint_auth_method: str = "none"  # noqa: S105 # a method's name
    jwks: dict[str, Any] | None = None
    jwks_uri: Annotated[str, Field(max_length=2048)] | None = None


TOKEN_REQUESTS: dict[str, type[CodeExchange | Refresh | OwnName]] = {
    "authorization_code": CodeExchange,
    "refresh_token": Refresh,
    "client_credentials": OwnName,
}
_ERRORS = {
    "scope": ("invalid_scope", "The scope is malformed."),
    "resource": ("invalid_target", "The resource is malformed."),
    "redirect_uris": ("invalid_redirect_uri", "redirect_uris must be a list of 1 to 20 addresses."),
}


def pairs(text: bytes | str) -> dict[str, str]:
    """The parameters of a query or form. Empty ones count as left out (RFC 6749 §3.1).

    Raises:
        Rejected: invalid_request for a parameter given twice, for too many, and for what is not UTF-8.
    """
    try:
        decoded = text.decode("ascii") if isinstance(text, bytes) else text
        found = parse_qsl(decoded, keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:
        raise Rejected("invalid_request", "The parameters can not be read.") from None
    if len({name for name, _ in found}) < len(found):
        raise Rejected("invalid_request", "A parameter is given more than once.")
    return {name: value for name, value in found if value}


def checked(model: type[Model], given: Mapping[str, Any]) -> Model:
    """The parameters as a model.

    Raises:
        Rejected: with the code that belongs to the first parameter that is wrong.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"][0])
        if name == "response_type" and name in given:
            raise Rejected("unsupported_response_type", "Only the response type code is supported.") from None
        code, sentence = _ERRORS.get(name, ("invalid_request", f"{name} is missing or malformed."))
        raise Rejected(code, sentence) from None


def basic(header: str) -> tuple[str, str] | None:
    """Client id and secret of an Authorization header (RFC 6749 §2.3.1); None for anything that is not well-formed."""
    found = _BASIC.fullmatch(header) if len(header) <= LONGEST_HEADER else None
    if found is None:
        return None
    try:
        name, _, secret = base64.b64decode(found[1], validate=True).decode("ascii").partition(":")
        given = unquote(name, errors="strict"), unquote(secret, errors="strict")
        Credentials(client_id=given[0], client_secret=given[1])
    except (ValidationError, ValueError, binascii.Error):
        return None
    return given


def plain_name(name: str) -> str:
    """The name without what could make a page lie: control and direction signs, line breaks, too much text."""
    shown = "".join(
        char if unicodedata.category(char)[0] != "C" else " " for char in unicodedata.normalize("NFC", name)
    )
    return " ".join(shown.split())[:LONGEST_NAME]
