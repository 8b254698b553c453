"""``devskyy users …``: who may sign in, from a terminal on the server's machine. The first owner is made here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devskyy_mcp.app import local_principal
from devskyy_mcp.auth.people import People, User
from devskyy_mcp.errors import Code, Refused

from .hosts import FIRST_OWNER
from .terminal import as_json, columns, default_output, say, typed, typed_secret

if TYPE_CHECKING:
    from devskyy_mcp.app import App

Action = Callable[[People, argparse.Namespace], Awaitable[str]]


async def users(app: App, given: argparse.Namespace) -> int:
    """Carry out one of the actions on accounts.

    Raises:
        Refused: those of ``Accounts``; FORBIDDEN where a password is to be typed and there is no terminal.
    """
    async with app.running(eager=False):
        say(await _ACTIONS[given.action](app.services.get(People), given))
    return 0


async def _add(people: People, given: argparse.Namespace) -> str:
    login: str = given.login or typed("Login (an e-mail address is a good one): ")
    user = await people.add(login, given.name, given.role, _password(given), _by())
    more = " Set up a second factor on the account page; owners and managers need one." if user.role in _NEED else ""
    return f"{user.login} may sign in now, as {user.role}.{more}"


async def _list(people: People, given: argparse.Namespace) -> str:
    rows = [_row(user) for user in await people.all()]
    if given.json or default_output() == "json":
        return as_json({"users": rows})
    return columns(rows) if rows else f"Nobody may sign in yet. The first owner: {FIRST_OWNER}"


def _row(user: User) -> dict[str, Any]:
    seen = user.signed_in_at
    return {
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "state": "active" if user.active else "disabled",
        "second_factor": "app" if user.second else "none",
        "signed_in": datetime.fromtimestamp(seen / 1e6, UTC).isoformat(" ", "seconds") if seen else "never",
    }


async def _role(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.set_role(user.id, given.role, _by())
    return f"{user.login} is {given.role} now, and has to sign in again."


async def _name(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.set_name(user.id, given.name, _by())
    return f"{user.login} is called {(await people.find(given.login)).name} now."


async def _disable(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.set_active(user.id, _by(), active=False)
    return f"{user.login} can't sign in any more; what was open is closed."


async def _enable(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.set_active(user.id, _by(), active=True)
    return f"{user.login} may sign in again."


async def _new_password(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.set_password(user, _password(given), _by())
    return f"{user.login} has the new password, and has to sign in again."


async def _reset_mfa(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.remove_second(user.id, _by())
    return f"{user.login} has no second factor now, and has to sign in again and set up a new one."


async def _sign_out(people: People, given: argparse.Namespace) -> str:
    user = await people.find(given.login)
    await people.sign_out(user.id, _by())
    return f"All sessions of {user.login} have ended."


_NEED = ("owner", "manager")
_ACTIONS: dict[str, Action] = {
    "add": _add,
    "list": _list,
    "name": _name,
    "role": _role,
    "disable": _disable,
    "enable": _enable,
    "password": _new_password,
    "reset-mfa": _reset_mfa,
    "sign-out": _sign_out,
}


def _by() -> str:
    return local_principal().id


def _password(given: argparse.Namespace) -> str:
    """The password: the first line of standard input where that was asked for, else typed twice at the terminal."""
    if given.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = typed_secret("Password, at least 12 characters: ")
    if typed_secret("The same once more: ") != first:
        raise Refused(Code.INVALID_ARGUMENTS, "The two passwords differ.", "Nothing was changed. Try again.")
    return first
