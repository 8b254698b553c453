"""Prompts, resources, changes and WebSocket tickets over REST."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...agents.catalogue import Agents
from ...agents.served import entry
from ...auth.bearers import kind_of
from ...auth.sessions import Sessions
from ...auth.tickets import SECONDS, Tickets
from ...capability import Content, Resource
from ...errors import Code, Refused
from ...reading import Reader
from ...render import messages
from ..callers import CSRF_FORM
from ..words import from_words
from .calls import Endpoint, app_of, arguments_of, dumps, invoke, json_response, principal_of, tagged
from .tools import answer


def _reader(request: Request) -> Reader:
    return Reader(app_of(request).road, principal_of(request), "rest")


async def list_prompts(request: Request) -> Response:
    found = [
        {
            "name": prompt.name,
            "title": prompt.title,
            "description": prompt.description,
            "arguments": [
                {"name": one.name, "description": one.description, "required": one.required} for one in prompt.arguments
            ],
        }
        for prompt in _reader(request).prompts()
    ]
    return tagged(request, dumps({"prompts": found}))


async def get_prompt(request: Request) -> Response:
    arguments = await arguments_of(request)
    if not all(isinstance(value, str) for value in arguments.values()):
        raise Refused(Code.INVALID_ARGUMENTS, "A prompt's arguments are all strings.")
    prompt, rendered = await _reader(request).prompt(request.path_params["name"], arguments)
    found = {"name": prompt.name, "description": prompt.description, "messages": messages(rendered)}
    return json_response(found)


async def list_resources(request: Request) -> Response:
    reader = _reader(request)
    fixed = [_entry(one, "uri") for one in reader.resources(templates=False)]
    templates = [_entry(one, "uri_template") for one in reader.resources(templates=True)]
    return tagged(request, dumps({"resources": fixed, "resource_templates": templates}))


def _entry(resource: Resource, address: str) -> dict[str, str]:
    return {
        address: resource.uri,
        "name": resource.name,
        "title": resource.title,
        "description": resource.description,
        "mime_type": resource.mime_type,
    }


async def read_resource(request: Request) -> Response:
    """The content itself, in its own media type; ``?uri=`` names it."""
    uri = request.query_params.get("uri", "")
    if not uri:
        raise Refused(Code.INVALID_ARGUMENTS, "uri is required.", "GET /api/v1/resources lists the addresses.")
    resource, content, untrusted = await _reader(request).read(uri)
    if isinstance(content, Content):
        return tagged(request, content.data, content.mime_type, untrusted=untrusted)
    if isinstance(content, str):
        content = content.encode()
    body = content if isinstance(content, bytes) else dumps(content)
    return tagged(request, body, resource.mime_type, untrusted=untrusted)


async def list_agents(request: Request) -> Response:
    _, found, _ = await _reader(request).read("agent://index")
    return tagged(request, dumps(found))


async def get_agent(request: Request) -> Response:
    """What the index says of the agent or super agent, and its file as Markdown."""
    agents, name = app_of(request).services.get(Agents), request.path_params["name"]
    found = agents.supers.get(name) or agents.get(name)
    _, text, _ = await _reader(request).read(found.uri)
    return tagged(request, dumps({**entry(found), "text": text}))


def shortcut(tool: str, method: str) -> Endpoint:
    """The tool at an address of its own: arguments from the path, and from the query or the body."""

    async def read(request: Request) -> Response:
        query = request.query_params
        schema = app_of(request).registry.tool(tool).input_schema
        arguments = from_words(schema, {name: query.getlist(name) for name in query}) | request.path_params
        result = await invoke(request, tool, arguments)
        return tagged(request, dumps(result.data), untrusted=result.untrusted)

    async def write(request: Request) -> Response:
        return answer(await invoke(request, tool, await arguments_of(request) | request.path_params))

    return read if method == "GET" else write


SHORTCUTS = (
    ("GET", "/changes", "changes_list"),
    ("GET", "/changes/{change}", "changes_show"),
    ("POST", "/changes/{change}/apply", "changes_apply"),
    ("POST", "/changes/{change}/undo", "changes_undo"),
    ("GET", "/assets", "assets_list"),
    ("GET", "/assets/{asset}", "assets_get"),
    ("GET", "/jobs", "jobs_list"),
    ("GET", "/jobs/{job}", "jobs_get"),
    ("POST", "/jobs/{job}/cancel", "jobs_cancel"),
    ("POST", "/jobs/{job}/answers", "jobs_answer"),
    ("POST", "/jobs/{job}/resolve", "jobs_resolve"),
    ("POST", "/agents/find", "agents_find"),
    ("POST", "/agents/{agent}/brief", "agents_brief"),
    ("POST", "/agents/{agent}/runs", "agents_run"),
    ("GET", "/agents/runs/{run}", "agents_transcript"),
    ("GET", "/brand-guide", "brand_guide_get"),
    ("POST", "/brand-guide", "brand_guide_update"),
)
"""Method, address below the API's and the tool that answers there."""


async def ws_ticket(request: Request) -> Response:
    """A ticket for a WebSocket of the same page."""
    tickets = app_of(request).services.get(Tickets)
    ticket = await tickets.issue(principal_of(request), request.headers.get("origin", "").lower())
    return json_response({"ticket": ticket, "expires_in": SECONDS}, 201)


async def me(request: Request) -> Response:
    """Who the caller is and may do; of a browser's session also the token that its unsafe requests carry."""
    principal, sessions = principal_of(request), app_of(request).services.get(Sessions)
    found = {"id": principal.id, "name": principal.name, "kind": principal.kind, "scopes": sorted(principal.scopes)}
    if kind_of(principal) == "session":
        found["csrf"] = sessions.csrf_of(principal.sid, CSRF_FORM)
    return json_response(found)
