"""The pages of people: signing in and out, the second factor, the account. Where there is no sign-in there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .account import Account
from .login import Login

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from ...app import App


def routes(app: App) -> list[BaseRoute]:
    """The pages' routes; none in the mode ``none``, where the local key is what lets in."""
    if app.settings.sign_in == "none":
        return []
    return [*Login(app).routes, *Account(app).routes]
