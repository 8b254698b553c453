"""Sizes times colours: the combinations of a product's options, and what each of them is to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as times
from typing import Any

from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.names import plain

Json = dict[str, Any]
MOST = 250
_SLOT = re.compile(r"\{([^{}]*)\}")
_NO_SKU = re.compile(r"[^\w.]+")


@dataclass(slots=True)
class Axis:
    """One attribute of a product with its options; ``id`` is that of a shared attribute, 0 for the product's own."""

    name: str
    options: list[str]
    id: int = 0


def combinations(axes: Sequence[Axis]) -> list[list[Json]]:
    """Every combination as the attributes of a variation, the last axis fastest."""
    lines = [
        [{**({"id": axis.id} if axis.id else {}), "name": axis.name, "option": option} for option in axis.options]
        for axis in axes
    ]
    return [list(one) for one in times(*lines)] if axes else []


def words(attributes: Sequence[Json]) -> str:
    """``M / Black``."""
    return " / ".join(str(line["option"]) for line in attributes)


def fits(where: dict[str, str], attributes: Sequence[Json]) -> bool:
    """Whether the combination has all the options named."""
    options = {plain(line["name"]): plain(line["option"]) for line in attributes}
    return all(options.get(plain(name)) == plain(option) for name, option in where.items())


def sku_of(pattern: str, attributes: Sequence[Json]) -> str:
    """``HOOD-{Colour}-{Size}`` with the options in capitals, what is no letter or digit as hyphens.

    Raises:
        Refused: INVALID_ARGUMENTS for a name that is none of the attributes.
    """
    options = {plain(line["name"]): str(line["option"]) for line in attributes}

    def filled(slot: re.Match[str]) -> str:
        option = options.get(plain(slot[1]))
        if option is None:
            known = ", ".join(f"{{{line['name']}}}" for line in attributes)
            raise Refused(
                Code.INVALID_ARGUMENTS, f"sku names {slot[0][:60]}, which is no attribute.", f"Use {known}.",
                details={"field": "sku"},
            )  # fmt: skip
        return _NO_SKU.sub("-", option.upper()).strip("-")

    return _SLOT.sub(filled, pattern)
