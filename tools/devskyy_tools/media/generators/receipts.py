"""Pictures that come in the answer to the paid request itself: kept before anything else happens.

Such an answer is the only copy. Its pictures go into the asset store, then a receipt that names them is written under
the paid call's name, and only then does the ledger hear that the call is done. A crash before the receipt leaves a call
whose answer is lost, which a person looks at; after it, the settling loop finds the receipt and asks nobody.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import Op, Outcome
from devskyy_mcp.db.vault.files import replace
from devskyy_tools.studio.providers.port import MILLION, About

WELCOME = frozenset({"image/png", "image/jpeg", "image/webp"})
"""Media types of pictures that are kept."""
KEPT = 30 * 24 * 3600
"""Seconds for which receipts lie there."""
SEPARATOR = ","
"""Between the ids of several assets, where the journal has one id."""


class Receipts:
    """Which assets a paid call brought, by the call's name; in the folder of the asset store."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def take(
        self, change: str, pictures: list[tuple[bytes, str]], name: str, provenance: Provenance, cost: int | None
    ) -> Outcome:
        """Keep the pictures of an answer, with their media types, and the receipt: the outcome of the call."""
        kept = [
            (await self._assets.add(content, f"{name}-{number}", kind, provenance)).id
            for number, (content, kind) in enumerate(pictures, 1)
        ]
        await anyio.to_thread.run_sync(self._write, change, json.dumps({"assets": kept, "cost": cost}).encode())
        return _done(kept, cost)

    async def find(self, change: str) -> Outcome | None:
        """The outcome of a call whose answer was kept; None where no receipt was written."""
        file = anyio.Path(self._file(change))
        if not await file.exists():
            return None
        told: dict[str, Any] = json.loads(await file.read_bytes())
        return _done(told["assets"], told["cost"])

    def _write(self, change: str, content: bytes) -> None:
        file = self._file(change)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(file, content)
        for old in file.parent.glob("*.json"):  # nobody looks for what became of calls that are so old
            if old.stat().st_mtime < time.time() - KEPT:
                old.unlink(missing_ok=True)

    def _file(self, change: str) -> Path:
        return self._assets.folder / "receipts" / f"{hashlib.sha256(change.encode()).hexdigest()}.json"


def made_by(about: About, op: Op, model: str, cost: int | None) -> Provenance:
    """How the pictures of an op came to be: its body has the words, the sources' hashes and the tool."""
    body = op.body
    return Provenance(
        tool=body["tool"],
        sources=tuple(body["hashes"]),
        provider=about.name,
        model=model,
        prompt=body["prompt"],
        cost_usd=None if cost is None else cost / MILLION,
        licence=about.licence,
        parameters={**source_type(body["hashes"]), "shape": body["shape"], "quality": body["quality"]},
    )


def source_type(sources: Sequence[str]) -> dict[str, str]:
    """The mark of what a model made: IPTC's digital source type, which content credentials (C2PA) name as well."""
    return {"digital_source_type": "compositeWithTrainedAlgorithmicMedia" if sources else "trainedAlgorithmicMedia"}


def _done(kept: list[str], cost: int | None) -> Outcome:
    return Outcome("done", object_id=SEPARATOR.join(kept), cost=cost)
