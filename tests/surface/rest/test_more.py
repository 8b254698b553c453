from __future__ import annotations

from typing import Annotated, Any, cast

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from devskyy_mcp.capability import Pack, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.surfaces.rest.openapi import openapi
from tests.fakes.packs import late_pack
from tests.fakes.served import Site

API = "/api/v1"


@pytest.mark.requirement("rest:prompts")
async def test_prompts_are_listed_and_rendered(shop: Site) -> None:
    (listed,) = (await shop.http.get(f"{API}/prompts")).json()["prompts"]
    assert listed["name"] == "notes_briefing"
    assert listed["arguments"] == [{"name": "topic", "description": "What about.", "required": False}]
    answer = await shop.http.post(f"{API}/prompts/notes_briefing", json={"topic": "denim"})
    (message,) = answer.json()["messages"]
    assert message == {"role": "user", "content": {"type": "text", "text": "Sum up the 2 notes about denim."}}


@pytest.mark.requirement("rest:prompts")
async def test_wrong_prompts_and_arguments_are_refused(shop: Site) -> None:
    assert (await shop.http.post(f"{API}/prompts/nothing")).status_code == 404
    assert (await shop.http.post(f"{API}/prompts/notes_briefing", json={"colour": "red"})).status_code == 422
    assert (await shop.http.post(f"{API}/prompts/notes_briefing", json={"topic": 1})).status_code == 422


@pytest.mark.requirement("rest:resources")
async def test_resources_are_listed_and_read_in_their_own_type(shop: Site) -> None:
    listed = (await shop.http.get(f"{API}/resources")).json()
    assert "devskyy://notes" in {item["uri"] for item in listed["resources"]}
    assert "devskyy://notes/{id}" in {item["uri_template"] for item in listed["resource_templates"]}

    async def read(uri: str) -> tuple[int, str, bytes]:
        answer = await shop.http.get(f"{API}/resources/read", params={"uri": uri})
        return answer.status_code, answer.headers["content-type"], answer.content

    assert await read("devskyy://notes") == (200, "application/json", b'{"total":2}')
    assert await read("devskyy://notes-help") == (200, "text/plain; charset=utf-8", b"Notes are short.")
    assert await read("devskyy://notes-logo") == (200, "image/png", b"\x89PNG\r\n")
    status, kind, body = await read("devskyy://notes/2")
    assert (status, kind) == (200, "application/json")
    assert b"second" in body
    for missing in ("devskyy://notes/99", "devskyy://other", "", "file:///etc/passwd"):
        status, kind, _ = await read(missing)
        assert (status, kind) == (404 if missing else 422, "application/problem+json")


@pytest.mark.requirement("rest:resources")
async def test_a_known_resource_is_not_sent_again(shop: Site) -> None:
    first = await shop.http.get(f"{API}/resources/read?uri=devskyy://notes")
    again = await shop.http.get(
        f"{API}/resources/read?uri=devskyy://notes", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


# ---- OpenAPI ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("rest:openapi")
async def test_the_document_is_valid_and_names_every_tool(shop: Site) -> None:
    document = (await shop.http.get(f"{API}/openapi.json")).json()
    _validate(document)
    for name, tool in shop.app.registry.tools.items():
        path = document["paths"][f"{API}/tools/{name}"]
        assert set(path) == ({"post"} if tool.policy.writes else {"get", "post"})
        assert path["post"]["x-effect"] == tool.policy.effect
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(operations))
    writes = document["paths"][f"{API}/tools/notes_update"]["post"]
    assert [parameter["name"] for parameter in writes["parameters"]] == ["Idempotency-Key", "Prefer"]
    assert "202" in writes["responses"]


@pytest.mark.requirement("rest:openapi")
async def test_a_tool_added_while_running_is_in_the_document(shop: Site) -> None:
    assert "late_show" not in (await shop.http.get(f"{API}/openapi.json")).text
    shop.app.registry.add(late_pack())
    assert "/api/v1/tools/late_show" in (await shop.http.get(f"{API}/openapi.json")).json()["paths"]
    assert (await shop.call("late_show")).json() == {"text": "late"}


@pytest.mark.requirement("rest:openapi")
def test_two_models_of_one_name_get_two_names() -> None:
    tools = Toolset("doubles", timeout=5)
    for one in (_first(), _second()):
        tools.tools += one.tools
    document = openapi(Pack("doubles", [tools]).toolsets[0].tools)
    _validate(document)
    schemas = document["components"]["schemas"]
    colours = {name: schema for name, schema in schemas.items() if name.endswith("Item")}
    assert {next(iter(schema["properties"])) for schema in colours.values()} == {"colour", "size"}
    for name in ("doubles_first", "doubles_second"):
        content = document["paths"][f"{API}/tools/{name}"]["post"]["responses"]["200"]["content"]
        page = schemas[content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
        item = schemas[page["properties"]["items"]["items"]["$ref"].rsplit("/", 1)[1]]
        assert list(item["properties"]) == ["colour" if name == "doubles_first" else "size"]


def _first() -> Toolset:
    tools = Toolset("doubles", timeout=5)

    class Item(BaseModel):
        colour: str

    class Items(BaseModel):
        items: list[Item]

    async def doubles_first(ctx: Context, given: Annotated[Any, Field(description="An item.")] = None) -> Any:
        """Give the first kind of item."""

    doubles_first.__annotations__.update({"given": Item, "return": Items})
    tools.tool("read", scopes=())(doubles_first)
    return tools


def _second() -> Toolset:
    tools = Toolset("doubles", timeout=5)

    class Item(BaseModel):
        size: int

    class Items(BaseModel):
        items: list[Item]

    async def doubles_second(ctx: Context, given: Annotated[Any, Field(description="An item.")] = None) -> Any:
        """Give the second kind of item."""

    doubles_second.__annotations__.update({"given": Item, "return": Items})
    tools.tool("read", scopes=())(doubles_second)
    return tools


def _validate(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(cast("Any", document)).validate()
