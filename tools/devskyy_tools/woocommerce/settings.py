"""The shop's settings, by group; several change in one step."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop import typed
from devskyy_tools.shop.collections import SETTINGS, SETTINGS_GROUPS
from devskyy_tools.shop.nouns import Search
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

from .models_store import Setting, SettingsFound

Json = dict[str, Any]
settings = Toolset("settings", timeout=30)
Group = Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$", description="E.g. general, tax, email_new_order.")]
Key = Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$")]
ALL_OPTIONS = 1000


class SettingChange(BaseModel):
    """A setting's new value: text, number, list, or yes/no for a checkbox."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    group: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")]
    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")]
    value: str | int | float | bool | list[str] | dict[str, Any]


@settings.tool("read", scopes="settings:read", texts="catalogue")
async def woo_settings_list(ctx: Context, group: Group = "", id: Key = "", search: Search = "") -> SettingsFound:  # noqa: A002 # the shop's own name
    """List the shop's settings of a group with values and options; without group the groups, with id one in full."""
    shop = ctx.get(Shop)
    if id and group:
        return SettingsFound(items=[Setting.of(await _one(shop, group, id), ALL_OPTIONS)], total=1)
    if id:
        raise Refused(Code.INVALID_ARGUMENTS, "id goes with group.", "Without both, search looks through the groups.")
    rows = await (_of_group(shop, group) if group else _groups(shop))
    found = [
        Setting.of(row)
        if group
        else Setting(id=row["id"], label=plain_text(row["label"]), group=row.get("parent_id") or None)
        for row in rows
        if search.lower() in f"{row['id']} {plain_text(row.get('label', ''))}".lower()
    ]
    return SettingsFound(items=found, total=len(found))


@settings.tool("write", scopes="settings:write", timeout=60)
async def woo_settings_update(
    ctx: Context, items: Annotated[list[SettingChange], Field(min_length=1, max_length=100)]
) -> None:
    """Change settings of one or many groups in one step with one undo; a person is asked."""
    shop = ctx.get(Shop)
    names = [(item.group, item.id) for item in items]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refused(Code.INVALID_ARGUMENTS, f"{twice[1]} of {twice[0]} is named twice.", "Name each once.")
    for group in dict.fromkeys(item.group for item in items):
        if len([item for item in items if item.group == group]) > 1:
            for row in await _of_group(shop, group):
                shop.keep(SETTINGS, {**row, "group_id": group}, group_id=group)
    for item in items:
        present = await _one(shop, item.group, item.id)
        value = typed.checked(present, item.value, item.id)
        await shop.update(SETTINGS, item.id, {"value": value}, group_id=item.group)


async def _groups(shop: Shop) -> list[Json]:
    return (await shop.list(SETTINGS_GROUPS)).items


async def _of_group(shop: Shop, group: str) -> list[Json]:
    """The group's settings.

    Raises:
        Refused: NOT_FOUND with the nearest group.
    """
    try:
        return (await shop.list(SETTINGS, group_id=group, context="edit")).items
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        known = [str(row["id"]) for row in await _groups(shop)]
        reason = "holds no settings" if group in known else "is no group of settings"
        raise Refused(Code.NOT_FOUND, f"{group[:60]!r} {reason}.", typed.nearest(group, known)) from None


async def _one(shop: Shop, group: str, key: str) -> Json:
    """The setting.

    Raises:
        Refused: NOT_FOUND with the nearest setting, or group.
    """
    try:
        return await shop.get(SETTINGS, key, group_id=group)
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        known = [str(row["id"]) for row in await _of_group(shop, group)]
        raise Refused(Code.NOT_FOUND, f"{group} has no setting {key[:60]!r}.", typed.nearest(key, known)) from None
