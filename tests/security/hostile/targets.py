"""Where hostile requests go: every address of the server, with what a right request to it looks like.

``chg_x`` and ``client_x`` stand for a change that waits for a person, and for a client that is registered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

CALL = {"note": 1, "title": "new"}
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Target(NamedTuple):
    """``near``: a JSON object, or a form's fields for pages and forms of programs. ``share``: how often. ``csrf``: the
    name of the page's form that its token is for.
    """

    method: str
    path: str
    near: dict[str, Any] = {}  # noqa: RUF012 # nobody writes to it
    form: bool = False
    share: int = 1
    csrf: str = ""

    def filled(self, known: Mapping[str, str]) -> Target:
        """With what there really is in place of what stands for it."""
        text = json.dumps(self)
        for name, real in known.items():
            text = text.replace(name, real)
        return Target(*json.loads(text))


def page_form(path: str, csrf: str, **fields: str) -> Target:
    return Target("POST", path, {"csrf": "x", **fields}, form=True, csrf=csrf)


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


REST = [
    Target("POST", "/api/v1/tools/notes_update", CALL, share=4),
    Target("POST", "/api/v1/tools/notes_list", {"search": "x", "page": 1}, share=3),
    Target("POST", "/api/v1/tools/changes_list", {"state": "proposed", "limit": 5}, share=2),
    Target("POST", "/api/v1/tools/changes_apply", {"change": "chg_x"}, share=2),
    Target("POST", "/api/v1/tools/tools_call", {"name": "notes_list", "arguments": {}}, share=2),
    Target("GET", "/api/v1/tools/notes_list?page=1", share=3),
    Target("GET", "/api/v1/tools"),
    Target("GET", "/api/v1/tools/notes_list/schema"),
    Target("GET", "/api/v1/changes"),
    Target("GET", "/api/v1/changes/chg_x"),
    Target("GET", "/api/v1/jobs/job_x"),
    Target("GET", "/api/v1/prompts"),
    Target("POST", "/api/v1/prompts/x", {"arguments": {"a": "b"}}),
    Target("GET", "/api/v1/agents"),
    Target("GET", "/api/v1/agents/x"),
    Target("POST", "/api/v1/agents/find", {"request": "x"}),
    Target("POST", "/api/v1/brand-guide", {"voice": "x", "preview": True}),
    Target("GET", "/api/v1/resources"),
    Target("GET", "/api/v1/resources/read?uri=devskyy://x"),
    Target("POST", "/api/v1/assets"),
    Target("POST", "/api/v1/ws-tickets"),
    Target("GET", "/api/v1/me"),
    Target("GET", "/api/v1/openapi.json"),
    Target("GET", "/api/v1/ws"),
    Target("GET", "/health"),
    Target("GET", "/nowhere"),
    Target("OPTIONS", "/api/v1/tools"),
]
MCP = [
    Target("POST", path, near, share=3)
    for path in ("/mcp", "/mcp/full")
    for near in (
        rpc("tools/list", _meta=META),
        rpc("tools/call", name="notes_list", arguments={}, _meta=META),
        rpc("tools/call", name="notes_update", arguments=CALL, _meta=META),
        rpc("resources/read", uri="devskyy://x", _meta=META),
        rpc("prompts/get", name="x", arguments={}, _meta=META),
        rpc("tasks/get", taskId="x", _meta=META),
        rpc("completion/complete", ref={"type": "ref/prompt", "name": "x"}, argument={"name": "a", "value": "b"}),
        rpc("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "x", "version": "1"}),
        rpc("notifications/cancelled", requestId=1),
        rpc("server/discover", _meta=META),
    )
] + [Target("DELETE", "/mcp")]
PROGRAMS = [
    Target(
        "POST", "/oauth/token", {"grant_type": "authorization_code", "code": "x", "client_id": "x"}, form=True, share=3
    ),
    Target("POST", "/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "x"}, form=True),
    Target("POST", "/oauth/revoke", {"token": "x", "client_id": "x"}, form=True),
    Target("POST", "/oauth/introspect", {"token": "x"}, form=True),
    Target("POST", "/oauth/register", {"redirect_uris": ["http://127.0.0.1/"], "client_name": "x"}, share=2),
    Target("GET", "/oauth/jwks.json"),
    Target("GET", "/.well-known/oauth-authorization-server"),
    Target("GET", "/.well-known/oauth-protected-resource/mcp"),
    Target("GET", "/.well-known/x"),
]
WISH = (
    "response_type=code&client_id=client_x&redirect_uri=http%3A%2F%2F127.0.0.1%3A33418%2Fcallback&scope=tools%3Aread"
    "&code_challenge_method=S256&code_challenge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&state=s"
)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PAGES = [
    Target("GET", "/oauth/authorize?response_type=code&client_id=x&redirect_uri=http://127.0.0.1/"),
    Target("GET", f"/oauth/authorize?{WISH}", share=2),
    page_form("/oauth/authorize", f"consent|{WISH}", request=WISH, answer="allow", **{"scope_tools:read": "on"}),
    Target("GET", "/login?next=/account"),
    Target("POST", "/login", {"login": "ada@example.com", "password": "", "next": "/account"}, form=True),
    Target("GET", "/login/second-factor"),
    page_form("/login/second-factor", "/login/second-factor", code="000000"),
    Target("GET", "/login/again?next=/account"),
    page_form("/login/again", "/login/again", code="000000", password="x", next="/account"),
    Target("GET", "/account?done=password"),
    Target("GET", "/account/password"),
    page_form(
        "/account/password", "/account", old="x", new="new words for the door", repeated="new words for the door"
    ),
    Target("GET", "/account/second-factor?next=/account"),
    page_form("/account/second-factor", f"/account/second-factor|{SECRET}", secret=SECRET, code="1"),
    page_form("/account/second-factor/codes", "/account"),
    page_form("/account/second-factor/remove", "/account"),
    Target("GET", "/account/keys"),
    page_form("/account/keys", "/account", name="a key", days="30", **{"notes:read": "on", "catalog:read": "on"}),
    page_form("/account/keys/end", "/account", key="x"),
    page_form("/account/programs/end", "/account", grant="x"),
    page_form("/account/sessions/end", "/account", session="x"),
    page_form("/account/sessions/end-others", "/account"),
    Target("GET", "/connect?scope=catalog:read"),
    page_form("/connect", "/connect", client="client_x", **{"scope_catalog:read": "on"}),
    Target("GET", "/approvals"),
    Target("GET", "/approvals/chg_x", share=2),
    page_form("/approvals/chg_x/decide", "/approvals/chg_x", answer="approve", count="1"),
    page_form("/approvals/chg_x/decide", "/approvals/chg_x", answer="decline"),
    page_form("/logout", "logout"),
]
