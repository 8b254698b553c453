"""Kept files in results: pictures that a model can look at, and links for its person to all else.

Hosts cut a result off at a megabyte, or read what is linked into the model's context. So pictures have a budget, other
files never come inline, and links say that they are for the person.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator, Mapping
from typing import Any, cast

import anyio
from pydantic import ValidationError
from pydantic_core import to_json

from ...assets.links import MOST_SHOWN, KeptFile, Links
from ...assets.store import Asset, Assets, may_read
from ...config import Settings
from ...context import Principal, Services
from ...errors import Refused

SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
MOST_PICTURES = 600_000
"""Characters of base64 that a result has for its pictures, together."""
MOST_RESULT = 700_000
"""Characters of a whole result."""
MOST_LINKS = 40
_MARK = re.compile(r"/assets/ast_")
Block = dict[str, Any]
Found = tuple[KeptFile, Asset]


class Files:
    """Makes the content blocks of the files that a result names."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def blocks(self, principal: Principal, data: Mapping[str, Any], text: str) -> list[Block]:
        """Pictures, then links, then a sentence on what is in neither.

        Args:
            principal: who reads it; files that it may not read are passed over.
            data: the result, a JSON object.
            text: what it is as text; without an address of a file nothing is looked for.
        """
        if not _MARK.search(text):
            return []
        given = list({file.asset: file for file in _files_in(data)}.values())
        files = [(file, asset) for file in given if (asset := await self._found(principal, file)) is not None]
        room = MOST_RESULT - len(text) - len(to_json(dict(data))) - 2_000
        pictures, shown, room = await self._pictures([one for one in files if one[0].shown], room)
        links = self._links([one for one in files if one[1].id not in shown], room)
        missing = [file for file, asset in files if file.shown and asset.id not in shown]
        return [*pictures, *links, *_left_out(missing, len(files) - len(shown) - len(links))]

    async def _found(self, principal: Principal, file: KeptFile) -> Asset | None:
        try:
            asset = await self._services.get(Assets).get(file.asset)
        except Refused:  # deleted since: the result is older
            return None
        return asset if may_read(principal, asset) else None

    async def _pictures(self, files: list[Found], room: int) -> tuple[list[Block], set[str], int]:
        found: list[Block] = []
        shown: set[str] = set()
        left = min(room, MOST_PICTURES)
        for _, asset in files:
            length = (asset.size + 2) // 3 * 4
            if asset.content_type not in SHOWN_TYPES or asset.size > MOST_SHOWN or length > left:
                continue
            content = await anyio.Path(self._services.get(Assets).path(asset)).read_bytes()
            picture = base64.b64encode(content).decode()
            found.append({"type": "image", "data": picture, "mimeType": asset.content_type})
            shown.add(asset.id)
            left -= length
            room -= length
        return found, shown, room

    def _links(self, files: list[Found], room: int) -> list[Block]:
        found: list[Block] = []
        for file, asset in files[:MOST_LINKS]:
            link: Block = {
                "type": "resource_link",
                "uri": self._address(asset),
                "name": file.name,
                "mimeType": asset.content_type,
                "size": asset.size,
                "annotations": {"audience": ["user"]},
            }
            room -= len(to_json(link))
            if room < 0:
                break
            found.append(link)
        return found

    def _address(self, asset: Asset) -> str:
        """A resource of this server; where people reach it under an address of its own, a link that they can open."""
        if not self._services.get(Settings).public_url.startswith("https:"):
            return f"devskyy://assets/{asset.id}"
        links = self._services.get(Links)
        return links.public(asset) if asset.published else links.lent(asset)


def _files_in(value: Any) -> Generator[KeptFile]:
    """Every kept file that stands somewhere in a JSON value, in its order."""
    if isinstance(value, Mapping):
        tree = cast("Mapping[str, Any]", value)
        file = _file_of(tree)
        if file is not None:
            yield file
        else:
            for inner in tree.values():
                yield from _files_in(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _files_in(inner)


def _file_of(tree: Mapping[str, Any]) -> KeptFile | None:
    if not tree.keys() >= {"asset", "content_type", "url"}:
        return None
    try:
        return KeptFile.model_validate(dict(tree))
    except ValidationError:  # something else with these fields
        return None


def _left_out(missing: list[KeptFile], unlinked: int) -> list[Block]:
    said: list[str] = []
    if missing:
        names = ", ".join(one.name for one in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        said.append(f"Not shown here, since pictures have {MOST_PICTURES // 1000} kB together: {names}{more}.")
    if unlinked > 0:
        said.append(f"{unlinked} more files are named above without a link; assets_get gives one.")
    return [{"type": "text", "text": " ".join(said)}] if said else []
