"""Accounts of the site, and the application passwords that programs sign in with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.collections import APP_PASSWORD_SETS, APP_PASSWORDS, USERS
from devskyy_tools.shop.nouns import Id, Noun, Search, optional
from devskyy_tools.shop.session import Shop

from .models import AppPassword, AppPasswords, UserRow

users = Toolset("users", timeout=20)
passwords = Toolset("passwords", timeout=20)

Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Role = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,60}$")]
Roles = Annotated[list[Role], Field(min_length=1, max_length=5, description="editor, shop_manager, author …")]
Text = Annotated[str, Field(max_length=250)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
UserId = Annotated[Id, Field(description="Left out: the own account.")]

_PROFILE = {
    "email": Email,
    "roles": Roles,
    "name": Text,
    "first_name": Text,
    "last_name": Text,
}

Noun(
    users,
    USERS,
    "wp_users",
    row=UserRow,
    full=UserRow,
    writes={"username": Annotated[str, Field(pattern=r"^[a-zA-Z0-9 _.@-]{1,60}$")], **_PROFILE},
    required=("username", "email"),
    filters={"search": (Search, ""), "roles": (optional(Role), None)},
    row_fields=("id", "username", "name", "email", "roles", "registered_date", "url"),
    context="edit",
    scope="accounts",
    says={
        "list": "List the site's accounts with their roles and e-mail addresses.",
        "create": "Make a new account, a subscriber unless roles are given; nobody knows its password.",
    },
).declare("list", "create")


@users.tool("write", scopes="accounts:write")
async def wp_users_update(
    ctx: Context,
    id: UserId | None = None,  # noqa: A002 # the shop's own name
    email: Email | None = None,
    roles: Roles | None = None,
    name: Text | None = None,
    first_name: Text | None = None,
    last_name: Text | None = None,
    description: Annotated[str, Field(max_length=5000)] | None = None,
) -> None:
    """Change one account, or the own one; only given fields are touched, and new roles need a person."""
    given = {"email": email, "roles": roles, "name": name, "first_name": first_name, "last_name": last_name}
    fields = {field: value for field, value in {**given, "description": description}.items() if value is not None}
    await ctx.get(Shop).update(USERS, "me" if id is None else id, fields)


@users.tool("destroy", scopes="accounts:write")
async def wp_users_delete(
    ctx: Context,
    id: Id,  # noqa: A002 # the shop's own name
    reassign: Annotated[int, Field(ge=1, description="Id of the user who gets what this one wrote.")],
) -> None:
    """Delete one account for good; a person is asked. Never the own one, nor the last administrator."""
    await ctx.get(Shop).delete(USERS, id, reassign=reassign)


@passwords.tool("read", scopes="accounts:read", texts="outside")
async def wp_app_passwords_list(ctx: Context, user_id: UserId | None = None) -> AppPasswords:
    """List the names of an account's application passwords, and which one this server signs in with."""
    shop = ctx.get(Shop)
    own = (await shop.get(USERS, "me", fields=("id",)))["id"]
    wanted = own if user_id is None else user_id
    found = await shop.list(APP_PASSWORDS, user_id=wanted)
    current = await shop.find(APP_PASSWORDS, "introspect", user_id=own) if wanted == own else None
    rows = [AppPassword.of(item, str((current or {}).get("uuid", ""))) for item in found.items]
    return AppPasswords(user_id=wanted, items=rows)


@passwords.tool("write", scopes="accounts:write")
async def wp_app_passwords_save(
    ctx: Context,
    user_id: Id,
    name: Annotated[str, Field(min_length=1, max_length=100, description="Of the program.")],
    uuid: Annotated[Uuid, Field(description="Rename this one; left out: make a new one.")] | None = None,
) -> None:
    """Make or rename an application password; a new one goes into a file on the server, unseen."""
    shop = ctx.get(Shop)
    if uuid is None:
        await shop.create(APP_PASSWORDS, {"name": name}, user_id=user_id)
    else:
        await shop.update(APP_PASSWORDS, uuid, {"name": name}, user_id=user_id)


@passwords.tool("destroy", scopes="accounts:write")
async def wp_app_passwords_delete(
    ctx: Context,
    user_id: Id,
    uuid: Uuid | None = None,
    every: Annotated[bool, Field(description="Delete all of the account's.")] = False,
) -> None:
    """Delete an application password, or all of an account's; never the one this server signs in with."""
    if (uuid is None) is not every:
        raise Refused(Code.INVALID_ARGUMENTS, "Give either uuid, or every=true.", "wp_app_passwords_list has them.")
    shop = ctx.get(Shop)
    if uuid is None:
        await shop.delete(APP_PASSWORD_SETS, APP_PASSWORD_SETS.name, user_id=user_id)
    else:
        await shop.delete(APP_PASSWORDS, uuid, user_id=user_id)
