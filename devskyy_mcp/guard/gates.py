"""What a tool's account at the other system may not do, said before that system is called.

Packs that act through an account add a gate; it knows what the account may do, and the core what to do about it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Code, Refused

if TYPE_CHECKING:
    from ..capability import Capability


@dataclass(frozen=True, slots=True)
class Lack:
    """What the account lacks for a tool.

    Args:
        need: the capability, by the other system's own name.
        held_by: who has it, in words.
        account: what the account is, in words without a name.
    """

    need: str
    held_by: str
    account: str

    @property
    def words(self) -> str:
        return f"needs {self.need}, which {self.held_by} has; the connected account is {self.account}"

    def refusal(self, tool: str) -> Refused:
        return Refused(
            Code.FORBIDDEN,
            f"{tool} {self.words}. Nothing was sent.",
            "Give the account that role at the shop, or connect another one.",
            details={"capability": self.need, "held_by": self.held_by},
        )


Gate = Callable[["Capability"], Awaitable[Lack | None]]


class Gates:
    """The gates by pack."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}

    def add(self, pack: str, gate: Gate) -> None:
        self._gates[pack] = gate

    async def lack(self, tool: Capability) -> Lack | None:
        """What the tool's account lacks, as far as that is known."""
        gate = self._gates.get(tool.pack)
        return await gate(tool) if gate is not None else None

    async def check(self, tool: Capability) -> None:
        """Raise Refused FORBIDDEN when the account may not do what the tool does."""
        if tool.pack not in self._gates:
            return
        lack = await self.lack(tool)
        if lack is not None:
            raise lack.refusal(tool.name)
