"""Where hostile requests go: every address of the server, with what a right request to it looks like."""

from __future__ import annotations

from typing import Any, NamedTuple

CALL = {"note": 1, "title": "new"}
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Target(NamedTuple):
    """``near``: a JSON object, or a form's fields for pages and forms of programs. ``share``: how often."""

    method: str
    path: str
    near: dict[str, Any] = {}  # noqa: RUF012 # nobody writes to it
    form: bool = False
    share: int = 1


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
PAGES = [
    Target("GET", "/oauth/authorize?response_type=code&client_id=x&redirect_uri=http://127.0.0.1/"),
    Target("POST", "/oauth/authorize", {"csrf": "x", "request": "x", "answer": "allow"}, form=True),
    Target("GET", "/login?next=/account"),
    Target("POST", "/login", {"login": "ada@example.com", "password": "", "next": "/account"}, form=True),
    Target("POST", "/login/second-factor", {"csrf": "x", "code": "000000"}, form=True),
    Target("GET", "/account"),
    Target("POST", "/account/second-factor", {"csrf": "x", "secret": "x", "code": "1"}, form=True),
    Target("GET", "/connect?scope=catalog:read"),
    Target("GET", "/approvals"),
    Target("GET", "/approvals/chg_x"),
    Target("POST", "/approvals/chg_x", {"csrf": "x", "answer": "apply"}, form=True),
    Target("POST", "/logout", {"csrf": "x"}, form=True),
]
