"""What the authorization server says of itself (RFC 8414 §2, OpenID Connect Discovery §3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..scopes import OFFLINE
from .models import METHODS, SECRET_METHODS, SIGNED_WITH


def metadata(issuer: str, scopes: Iterable[str]) -> dict[str, Any]:
    """The metadata of the server with that issuer; clients take claude.ai's way by ``none`` and the document flag."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "scopes_supported": sorted({*scopes, OFFLINE}),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": SIGNED_WITH,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": SIGNED_WITH,
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": SIGNED_WITH,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }


def discovery(issuer: str, scopes: Iterable[str]) -> dict[str, Any]:
    """The same for clients that look for OpenID Connect; there are no ID tokens, but its form demands these."""
    more = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}
    return metadata(issuer, scopes) | more
