"""Every tool on the demo shop and on real ones: writes come back as they were, and each required route is reached."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from devskyy_mcp.app import installed_packs
from devskyy_mcp.capability import Registry
from devskyy_tools.shop.signing import Credentials
from scripts import route_coverage
from tests.contract.conftest import GIVEN, WITH_PLUGIN, Shops
from tests.fakes.demo import LOGIN

from .exceptions import REFUSED
from .reads import ASKED_ELSEWHERE, specimens_of
from .rounds import Rounds, rounds
from .routes import ON_PURPOSE, required

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
DEMO_URL = "http://sandbox.test"
TOOLS = Registry(installed_packs()).tools
# Whoever has read what customers wrote may do less: such tools come last.
CALLED = sorted(TOOLS.keys() - ASKED_ELSEWHERE.keys(), key=lambda name: (TOOLS[name].policy.texts == "outside", name))


@pytest.fixture(scope="module")
def shops() -> Generator[Shops]:
    with ExitStack() as stack:
        yield Shops(stack)


@pytest.fixture(scope="module", params=[*WITH_PLUGIN, *GIVEN])
async def site(
    request: pytest.FixtureRequest, shops: Shops, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Rounds]:
    """One for all tools: each goes its round once."""
    access = shops.access(request.param)
    login = LOGIN if access.name == "sandbox" else Credentials(access.user, access.app_password)
    transport: httpx2.AsyncBaseTransport = access.transport or httpx2.AsyncHTTPTransport(verify=False)
    async with rounds(tmp_path_factory.mktemp("rounds"), access.url, transport, login) as found:
        yield found


def test_each_tool_has_specimens() -> None:
    assert [name for name in CALLED if not specimens_of(TOOLS[name])] == []


@pytest.mark.requirement("changes:round-trip")
@pytest.mark.requirement("results:as-declared")
@pytest.mark.parametrize("tool", CALLED)
async def test_goes_its_round(site: Rounds, tool: str) -> None:
    """A read answers after its schema; a write is previewed, applied, taken back, and all fields are as they were."""
    if not site.speaks(TOOLS[tool]):
        pytest.skip("nothing of this site's")
    found = await site.of(tool)
    known = REFUSED.get(tool, ())
    assert [words for words in found.refusals if not any(one in words for one in known)] == []
    assert bool(known) == bool(found.refusals)
    assert found.differs == {}
    for view in found.views:
        check(tool, view)


def check(tool: str, view: dict[str, Any]) -> None:
    """The result is what the tool's schema says: the one that programs get, and the one that models read."""
    from jsonschema import Draft202012Validator

    for schema in (TOOLS[tool].whole_output_schema, TOOLS[tool].output_schema):
        Draft202012Validator(schema).validate(view)  # pyright: ignore[reportUnknownMemberType] # untyped


@pytest.mark.requirement("routes:all")
async def test_reaches_each_required_route_that_the_site_lists(site: Rounds) -> None:
    await site.all()
    listed = site.routes.pairs & set(required())
    assert sorted(listed - site.reached().keys() - ON_PURPOSE.keys()) == []


async def test_the_page_of_routes_is_as_the_code_is(site: Rounds) -> None:
    if site.client.upstream.base_url != DEMO_URL:
        pytest.skip("the page is the demo shop's")
    assert route_coverage.PAGE.read_text("utf-8") == route_coverage.page(await route_coverage.lines_of(site)), (
        "make docs"
    )


@pytest.mark.requirement("routes:all")
async def test_what_is_never_sent_is_not(site: Rounds) -> None:
    await site.all()
    assert sorted(ON_PURPOSE.keys() & site.reached().keys()) == []
