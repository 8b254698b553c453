"""The embedded authorization server's endpoints: for programs, and the pages on which a person says yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .connect import Connect
from .consent import Consent
from .endpoints import Endpoints

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from ...app import App


def routes(app: App) -> list[BaseRoute]:
    """The routes; none unless this server signs people in itself (AUTH_MODE=embedded)."""
    if app.settings.sign_in != "embedded":
        return []
    return [*Endpoints(app).routes, *Consent(app).routes, *Connect(app).routes]
