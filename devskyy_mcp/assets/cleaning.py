"""Deleting files that nothing uses any more: first said, then done."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass

from ..errors import Code, Refused
from .references import References
from .store import Asset, Assets

DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a clean would delete.

    Args:
        files: the oldest first.
        kept: how many files stay, by why: ``young`` for those that were put or asked for lately, else who uses them.
        token: stands for exactly these files.
    """

    files: list[Asset]
    kept: dict[str, int]
    token: str

    @property
    def size(self) -> int:
        """Bytes that this frees."""
        return sum(one.size for one in self.files)


class Cleaning:
    """Collects what is not used. Two at once delete each file once; a file that comes meanwhile stays."""

    def __init__(self, assets: Assets, references: References) -> None:
        self._assets = assets
        self._references = references

    async def plan(self, days: int) -> Plan:
        """What nobody put or asked for in so many days, and nothing uses.

        Raises:
            Refused: when it can't be told what is used, for one because the shop is away.
        """
        files, before = await self._assets.all(), time.time() - days * DAY
        why: dict[str, str] = {}
        for name, used in (await self._references.used(files)).items():
            for one in used:
                why.setdefault(one, name)
        old: list[Asset] = []
        for one in reversed(files):
            if one.sha256 not in why and self._assets.last_used(one.id) < before:
                old.append(one)
            else:
                why.setdefault(one.sha256, "young")
        ids = "\n".join(sorted(one.id for one in old))
        token = hashlib.sha256(f"{days}\n{ids}".encode()).hexdigest()[:16]
        return Plan(old, dict(Counter(why.values())), token)

    async def carry_out(self, days: int, token: str) -> tuple[Plan, list[Asset]]:
        """Delete what a plan said.

        Returns:
            The plan, and the files of it that are gone: what was put or asked for at this moment stays.

        Raises:
            Refused: CONFLICT when other files would go than the plan said; as ``plan``.
        """
        plan = await self.plan(days)
        if plan.token != token:
            raise Refused(
                Code.CONFLICT,
                "Other files would be deleted now than the plan said.",
                "Call without confirm to see them.",
            )
        before = time.time() - days * DAY
        await self._assets.sweep(before)
        return plan, [one for one in plan.files if await self._assets.collect(one.id, before)]
