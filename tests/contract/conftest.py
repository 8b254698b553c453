"""The shops that the cases run on: `wp` has the wp/v2 half, `wc` is a WooCommerce shop."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, cast

import httpx2
import pytest

from tests.contract.client import Access, Shop
from tests.wordpress.bed import Bed, wordpress_bed
from tests.wordpress.packages import BedUnavailable

WOOCOMMERCE = ["woocommerce"] if os.environ.get("WOOCOMMERCE_PLUGIN") else []
# A shop that is already up: a file as `python -m tests.wordpress.bed` prints it.
GIVEN = ["given"] if os.environ.get("CONTRACT_SHOP") else []
DEBIAN = pytest.mark.debian(
    "php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl"
)
WORDPRESS: list[Any] = [pytest.param("wordpress", marks=DEBIAN)]
WITH_PLUGIN: list[Any] = [
    "sandbox+plugin",
    pytest.param("wordpress+plugin", marks=DEBIAN),
    *(f"{name}+plugin" for name in WOOCOMMERCE),
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


class Shops:
    """Brings each shop up when a case first asks for it: by kind, with ``:production`` or ``+plugin`` behind it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._up: dict[str, Access] = {}

    def access(self, name: str) -> Access:
        if name not in self._up:
            self._up[name] = self._bring_up(name)
        return self._up[name]

    def _bring_up(self, name: str) -> Access:
        kind, companion, environment = _parts(name)
        if kind == "sandbox":
            return _sandbox("production" if environment else "local", plugin=companion)
        if kind == "given":
            return _access(name, json.loads(Path(os.environ["CONTRACT_SHOP"]).read_text()))
        try:
            bed = self._stack.enter_context(
                wordpress_bed(
                    woocommerce=kind == "woocommerce", environment=environment or "local", companion=companion
                )
            )
        except BedUnavailable as reason:
            if os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1":
                pytest.fail(f"{name}: {reason}")
            pytest.skip(f"{name}: {reason}")
        return _access(name, bed)


def _access(name: str, bed: Bed | dict[str, Any]) -> Access:
    values = bed if isinstance(bed, dict) else vars(bed)
    return Access(name=name, **{key: values[key] for key in Access.__dataclass_fields__ if key in values})


def _parts(name: str) -> tuple[str, bool, str]:
    """Kind of shop, whether DevSkyy's plugin is on it, and its environment."""
    kind, _, environment = name.partition(":")
    kind, plus, _ = kind.partition("+")
    return kind, bool(plus), environment


def _sandbox(environment: Literal["local", "production"], *, plugin: bool) -> Access:
    from devskyy_tools import sandbox

    app = sandbox.create_sandbox(environment=environment, plugin=plugin)
    return Access(
        name="sandbox",
        url="http://sandbox.test",
        user=sandbox.DEMO_USER,
        app_password=sandbox.DEMO_APP_PASSWORD,
        consumer_key=sandbox.DEMO_KEY,
        consumer_secret=sandbox.DEMO_SECRET,
        read_consumer_key=sandbox.DEMO_READ_KEY,
        read_consumer_secret=sandbox.DEMO_READ_SECRET,
        transport=httpx2.ASGITransport(app=cast("Any", app)),
    )


@pytest.fixture(scope="session")
def shops() -> Generator[Shops]:
    with ExitStack() as stack:
        yield Shops(stack)


async def a_shop(access: Access) -> AsyncGenerator[Shop]:
    """The shop for one case."""
    async with access.client() as http:
        shop = Shop(access, http)
        yield shop
        await shop.clean()


@pytest.fixture(params=["sandbox", *WORDPRESS, *WOOCOMMERCE, *GIVEN])
async def wp(request: pytest.FixtureRequest, shops: Shops) -> AsyncGenerator[Shop]:
    """Every shop: the cases of wp/v2."""
    async for shop in a_shop(shops.access(request.param)):
        yield shop


@pytest.fixture(params=["sandbox", *WOOCOMMERCE, *GIVEN])
async def wc(request: pytest.FixtureRequest, shops: Shops) -> AsyncGenerator[Shop]:
    """Shops with WooCommerce: the cases of wc/v3."""
    access = shops.access(request.param)
    if not access.consumer_key:
        pytest.skip("no WooCommerce here")
    async for shop in a_shop(access):
        yield shop


@pytest.fixture(params=WITH_PLUGIN)
async def companion(request: pytest.FixtureRequest, shops: Shops) -> AsyncGenerator[Shop]:
    """Shops on which DevSkyy's own plugin is active."""
    async for shop in a_shop(shops.access(request.param)):
        yield shop


@pytest.fixture(params=["sandbox:production", *[pytest.param("wordpress:production", marks=DEBIAN)]])
async def production(request: pytest.FixtureRequest, shops: Shops) -> AsyncGenerator[Shop]:
    """Return a shop that is reached over http without saying that it is a local one."""
    async for shop in a_shop(shops.access(request.param)):
        yield shop
