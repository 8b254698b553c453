"""Pictures that the shop itself serves: a call may name them by the address that the shop's own tools give."""

from __future__ import annotations


class OwnFiles:
    """Knows no shop; the pack that speaks with one provides its own."""

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts of the shop's address, in small letters."""
        return frozenset()

    async def picture(self, url: str) -> bytes | None:  # noqa: ARG002 # for those who know one
        """What the shop serves there; None for an address that is not a picture's of the shop.

        Raises:
            Refused: NOT_FOUND, and those of a shop that does not answer.
        """
        return None
