"""Accounts of the site and the passwords of programs: who may do what is a person's to decide."""

from __future__ import annotations

from typing import Any, cast

from devskyy_mcp.errors import Code

from . import collections as at
from .draft import Draft, Json

ADMINISTRATOR = "administrator"
ROLES = frozenset({ADMINISTRATOR, "shop_manager", "editor", "author", "contributor", "subscriber", "customer"})
"""Those of WordPress and WooCommerce; plugins may add others."""


async def user(draft: Draft) -> None:
    """Names and addresses are one account's each."""
    for name in ("username", "email"):
        value = str(draft.body.get(name) or "")
        if name in draft.body and not value:
            draft.refuse(f"{name} can't be empty.")
        if value and value.lower() != str(draft.was(name) or "").lower():
            await _free(draft, name, value)
    if draft.kind == "create":
        draft.effects.append(
            'The account gets a password that nobody knows; its owner sets one with "Lost your password?".'
        )


async def _free(draft: Draft, name: str, value: str) -> None:
    found = await draft.shop.list(
        at.USERS, fields=("id", name), context="edit", search=value, search_columns=[name], per_page=100
    )
    holder = next((one["id"] for one in found.items if str(one.get(name)).lower() == value.lower()), None)
    if holder is not None:
        draft.refuse(f"user {holder} has that {name} already.", "Change that one instead.", Code.CONFLICT, id=holder)


async def user_foresee(draft: Draft) -> None:
    """Roles decide who may do what; a new address is told to the old one."""
    if draft.kind == "update" and "email" in draft.body:
        draft.effects.append("WordPress tells the old e-mail address of the change.")
        draft.leaves.append("message")
    roles = draft.body.get("roles")
    if roles is None:
        return
    listed = [str(role) for role in cast("list[Any]", roles)]
    if not listed:
        draft.refuse("an account needs a role.", "Give it subscriber, which may do next to nothing.")
    if draft.kind == "update":
        await _never_own(draft, "change the roles of")
        if ADMINISTRATOR not in listed:
            await _never_last(draft)
    for role in listed:
        if role not in ROLES and not (await draft.shop.list(at.USERS, roles=role, per_page=1, fields=("id",))).total:
            draft.warnings.append(f"{draft.label}: no account has the role {role!r}; the site may not know it.")
    draft.asks.append(f"Access: {draft.label} gets the role {', '.join(listed)}.")


async def user_delete(draft: Draft) -> None:
    """Never the own account nor the last administrator; what the user wrote goes to somebody who is there."""
    await _never_own(draft, "delete")
    await _never_last(draft)
    if "reassign" not in draft.body:  # an undo: it is a new account
        draft.body["reassign"] = (await me(draft))["id"]
    heir = draft.body["reassign"]
    if str(heir) == str(draft.target):
        draft.refuse("its posts can't go to itself.", "reassign names the user who gets them.")
    if await draft.shop.find(at.USERS, heir) is None:
        draft.refuse(f"the site has no user {heir} to give its posts to.", "List users.", Code.NOT_FOUND)
    draft.effects.append(f"What {draft.label} wrote belongs to user {heir} afterwards; orders and comments stay.")


async def me(draft: Draft) -> Json:
    """The account that this server acts as."""
    return await draft.shop.get(at.USERS, "me")


async def _never_own(draft: Draft, what: str) -> None:
    if draft.target == "me" or str((await me(draft))["id"]) == str(draft.target):
        draft.refuse(
            f"this server acts as that account, and does not {what} it.", "A person does that in wp-admin.",
            Code.FORBIDDEN,
        )  # fmt: skip


async def _never_last(draft: Draft) -> None:
    if ADMINISTRATOR not in cast("list[Any]", draft.was("roles") or []):
        return
    if (await draft.shop.list(at.USERS, roles=ADMINISTRATOR, per_page=1, fields=("id",))).total < 2:
        draft.refuse("it is the last administrator.", "Make another one first.", Code.FORBIDDEN)


async def app_password(draft: Draft) -> None:
    """One password is one program's; its name says which."""
    name = str(draft.body.get("name") or "").strip()
    if "name" in draft.body and not name:
        draft.refuse("an application password needs a name.", "Name the program that signs in with it.")
    if draft.kind != "create":
        return
    if await draft.shop.find(at.USERS, draft.parent["user_id"]) is None:
        draft.refuse(f"the site has no user {draft.parent['user_id']}.", "List users.", Code.NOT_FOUND)
    held = (await draft.shop.list(at.APP_PASSWORDS, **draft.parent)).items
    if any(str(one.get("name")).lower() == name.lower() for one in held):
        draft.refuse("that name is taken.", "Name the program that signs in with it.", Code.CONFLICT)
    draft.asks.append(f"Access: whoever gets the password may do what user {draft.parent['user_id']} may.")
    draft.effects.append("The password goes into a file that only this server's own user can read, and nowhere else.")


async def app_password_delete(draft: Draft) -> None:
    if await _in_use(draft) == draft.target:
        draft.refuse("this server signs in with it.", "A person does that in wp-admin.", Code.FORBIDDEN)


async def app_passwords_delete(draft: Draft) -> None:
    held = cast("list[Json]", draft.present["items"])
    if await _in_use(draft) in [one["uuid"] for one in held]:
        draft.refuse("this server signs in with one of them.", "Delete the others one by one.", Code.FORBIDDEN)
    named = ", ".join(str(one.get("name"))[:40] for one in held[:10])
    draft.effects.append(f"{len(held)} passwords of user {draft.parent['user_id']} stop working: {named or 'none'}.")


async def _in_use(draft: Draft) -> str:
    """The UUID of the password that this server signs in with; empty where it does with another thing."""
    own = await draft.shop.find(at.APP_PASSWORDS, "introspect", user_id=(await me(draft))["id"])
    return str((own or {}).get("uuid", ""))
