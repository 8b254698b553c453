"""How the shop stands, its maintenance tools, and the lists that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import typed
from devskyy_tools.shop.collections import SHIPPING_METHODS, SYSTEM_TOOLS, TAX_CLASSES
from devskyy_tools.shop.nouns import Search
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.rules_store import SYSTEM_DANGERS
from devskyy_tools.shop.session import Shop

from .models_store import MaintenanceTool, MaintenanceTools, Reference, SystemStatus
from .status_problems import problems, section_of

Json = dict[str, Any]
system = Toolset("system", timeout=60)
Section = Literal[
    "environment", "database", "active_plugins", "inactive_plugins", "theme", "settings", "security", "pages",
    "post_type_counts", "logging",
]  # fmt: skip
Kind = Literal[
    "continents", "countries", "states", "currencies", "current_currency", "shipping_methods", "tax_classes"
]  # fmt: skip
_DATA = {"continents": "continents", "countries": "countries", "states": "countries", "currencies": "currencies"}


@system.tool("read", scopes="settings:read", texts="catalogue")
async def woo_system_status_get(ctx: Context, detail: Section | None = None) -> SystemStatus:
    """Get the shop's versions and what is wrong with it; detail adds one section of its report."""
    shop = ctx.get(Shop)
    found = cast("Json", await shop.client.get("/wc/v3/system_status"))
    disabled = await shop.client.page("/wc/v3/webhooks", {"status": "disabled", "per_page": 1, "_fields": "id"})
    environment, money, theme = (cast("Json", found.get(name) or {}) for name in ("environment", "settings", "theme"))
    said = problems(found)
    if disabled.total:
        said.append(f"Disabled webhooks, as after failed deliveries: {disabled.total} (woo_webhooks_list).")
    return SystemStatus(
        woocommerce=str(environment.get("version", "")),
        wordpress=str(environment.get("wp_version", "")),
        php=str(environment.get("php_version", "")),
        database=environment.get("mysql_version_string") or None,
        theme=" ".join(str(theme[name]) for name in ("name", "version") if theme.get(name)) or None,
        currency=str(money.get("currency", "")),
        decimals=int(money.get("number_of_decimals") or 0),
        default_time_zone=environment.get("default_timezone"),
        active_plugins=len(found.get("active_plugins") or []),
        problems=said,
        section=section_of(found, detail) if detail else None,
    )


@system.tool("read", scopes="settings:read", texts="catalogue")
async def woo_system_tools_list(ctx: Context) -> MaintenanceTools:
    """List the maintenance tools of the shop: caches, lookup tables, counts, cleaning up."""
    found = await ctx.get(Shop).list(SYSTEM_TOOLS)
    return MaintenanceTools(
        items=[
            MaintenanceTool(
                id=one["id"], name=plain_text(one["name"]), description=plain_text(one["description"]),
                danger=SYSTEM_DANGERS.get(one["id"]),
            )
            for one in found.items
        ]
    )  # fmt: skip


@system.tool("destroy", scopes="settings:write", timeout=120)
async def woo_system_tools_run(
    ctx: Context,
    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")],  # noqa: A002 # the shop's own name
) -> None:
    """Run a maintenance tool of the shop, such as clear_transients; a person is asked, since nothing takes it back."""
    shop = ctx.get(Shop)
    try:
        tool = await shop.get(SYSTEM_TOOLS, id)
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        known = [str(one["id"]) for one in (await shop.list(SYSTEM_TOOLS)).items]
        raise Refused(Code.NOT_FOUND, f"The shop has no maintenance tool {id!r}.", typed.nearest(id, known)) from None
    danger = SYSTEM_DANGERS.get(id)
    shop.act(
        SYSTEM_TOOLS, id, "", undo="what it does to the database stays done",
        effects=[plain_text(tool["description"])], asks=[danger] if danger else [],
    )  # fmt: skip


@system.tool("read", scopes="catalog:read")
async def woo_reference_list(
    ctx: Context,
    kind: Kind,
    code: Annotated[str, Field(max_length=100, description="One of them; for states the country.")] = "",
    search: Search = "",
) -> Reference:
    """List countries, a country's states, continents, currencies, kinds of shipping or tax classes by code."""
    if kind == "states" and not code:
        raise Refused(Code.INVALID_ARGUMENTS, "Say of which country.", "Such as code IT.")
    rows = [_short(row, kind) for row in await _rows(ctx.get(Shop), kind, code)]
    if search:
        rows = [row for row in rows if search.lower() in " ".join(map(str, row.values())).lower()]
    return Reference(items=rows, total=len(rows))


async def _rows(shop: Shop, kind: Kind, code: str) -> list[Json]:
    if kind in ("shipping_methods", "tax_classes"):
        collection = SHIPPING_METHODS if kind == "shipping_methods" else TAX_CLASSES
        if not code:
            return (await shop.list(collection)).items
        url = collection.url(None, code)  # kinds of shipping have no context=edit, in which objects are else read
        return [collection.read(await shop.client.get(url, what=collection.label(code)))]
    path, query = (
        _DATA.get(kind, "currencies/current"),
        {} if code or kind == "continents" else {"_fields": "code,name,symbol"},
    )
    if code and kind != "current_currency":
        if not code.isalpha():
            raise Refused(Code.INVALID_ARGUMENTS, "code is letters, such as FR or EUR.", details={"field": "code"})
        path = f"{path}/{code.upper()}"
    found = await shop.client.get(f"/wc/v3/data/{path}", query, f"{kind} {code}".strip())
    rows = cast("list[Json]", found if isinstance(found, list) else [found])
    return cast("list[Json]", rows[0]["states"]) if kind == "states" else rows


def _short(row: Mapping[str, Any], kind: Kind) -> Json:
    """What says something of it: code, name; a country's states, a continent's countries by code."""
    out: Json = {"code": row.get("code") or row.get("slug") or row.get("id")}
    out["name"] = plain_text(row.get("name") or row.get("title") or "")
    if row.get("symbol"):
        out["symbol"] = plain_text(row["symbol"])
    if kind == "continents":
        out["countries"] = [one["code"] for one in row["countries"]]
    if kind == "countries" and row.get("states"):
        out["states"] = {one["code"]: one["name"] for one in row["states"]}
    return out
