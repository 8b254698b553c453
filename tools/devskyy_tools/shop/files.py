"""Pictures at the shop's own address, which may be one that the internet can't reach: a shop on this machine, the demo
shop, one behind a login.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit

from devskyy_mcp.assets.own import OwnFiles
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused

from .client import ShopClient

_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


class ShopFiles(OwnFiles):
    """Args: ``services`` that have the shop's client, made at first use."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def hosts(self) -> frozenset[str]:
        with suppress(Refused):  # no shop is configured
            return frozenset({self._services.get(ShopClient).host.lower()})
        return frozenset()

    async def picture(self, url: str) -> bytes | None:
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return None
        if (parts.hostname or "") not in self.hosts or not _plain(parts):
            return None
        upstream = self._services.get(ShopClient).upstream
        base = upstream.base_url
        if port not in {base.port or _PORTS[base.scheme], *_PORTS.values()} or not parts.path.startswith(base.path):
            return None
        answer = await upstream.send("GET", parts.path.removeprefix(base.path), headers={"Accept": "image/*"})
        if answer.status != 200:
            raise Refused(Code.NOT_FOUND, f"The shop answers with status {answer.status}.")
        return answer.content


def _plain(parts: SplitResult) -> bool:
    """Whether it is a file's address and no program's: the call carries the shop's credentials."""
    path = unquote(parts.path).lower()
    end = path[path.rfind(".") :] if "." in path else ""
    return (
        parts.scheme in _PORTS
        and not (parts.query or parts.fragment or parts.username)
        and _PICTURE.fullmatch(end) is not None
        and ".php" not in path
        and not {".", ".."} & set(path.split("/"))
    )
