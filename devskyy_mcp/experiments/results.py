"""Reading a test: counts come in, a look that is due is made and kept, and what the looks found goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..db.database import Database
from ..errors import Code, Refused
from .model import SHOP_METRICS, ExperimentResult, digest
from .views import result_of

if TYPE_CHECKING:
    from . import analysis
    from .statistics import Arm

Json = dict[str, Any]
ShopNumbers = Mapping[str, Mapping[str, float]]
"""Per variant, as the shop counts: ``units``, those that converted by rate, and the sum of each mean's values and of
their squares, ``{metric}_squares``, winsorised."""


async def read(db: Database, row: Json, shop: ShopNumbers | None) -> ExperimentResult:
    """What the registered looks found; where one is due it is made, and kept as it is then.

    Args:
        db: where the looks are kept.
        row: the test as it is kept.
        shop: what the shop counted; None for a test that is counted here.

    Raises:
        Refused: INTERNAL when the definition is not what was registered.
    """
    from . import analysis, store
    from .statistics import SRM_ALARM

    definition: Json = row["definition"]
    name = definition["name"]
    if digest(definition) != row["sha256"]:
        raise Refused(Code.INTERNAL, f"The definition of {name} is not what was registered.", "See its audit.")
    async with db.read() as conn:
        units = {key: int(one["units"]) for key, one in shop.items()} if shop else await store.counts(conn, name)
        numbers = units
        if definition["metric"]["kind"] == "ratio":
            numbers = await store.events(conn, name, definition["metric"]["name"])
        kept = await store.looks(conn, name)
    p_split, share = analysis.split(definition, units), analysis.fraction(definition, numbers)
    ok = p_split >= SRM_ALARM
    last = kept[-1]["number"] if kept else 0
    decided = bool(kept) and kept[-1]["body"]["decision"] != "go_on"
    if ok and not decided and not row["ended_at"] and analysis.due(definition, share) > last:
        kept = await _look(db, definition, shop, share, kept)
    return result_of(row, units, p_split, share, kept)


async def _look(db: Database, definition: Json, shop: ShopNumbers | None, share: float, kept: list[Json]) -> list[Json]:
    from . import analysis, store

    name = definition["name"]
    earlier = [analysis.Looked(**one["body"]) for one in kept]
    data = _shop_data(definition, shop) if shop else await _data(db, definition)
    found = analysis.look(definition, data, share, earlier)
    if found is None:
        return kept
    async with db.begin() as conn:
        await store.keep_look(conn, name, analysis.due(definition, share), found.body())
        return await store.looks(conn, name)


async def _data(db: Database, definition: Json) -> analysis.Data:
    from . import store

    metrics: dict[str, Mapping[str, Arm]] = {}
    async with db.read() as conn:
        for metric in (definition["metric"], *definition["guardrails"]):
            metrics[metric["name"]] = await store.arms(conn, definition["name"], metric["name"], metric["kind"])
    return metrics


def _shop_data(definition: Mapping[str, Any], shop: ShopNumbers) -> analysis.Data:
    names = [definition["metric"]["name"], *(one["name"] for one in definition["guardrails"])]
    return {name: {key: _shop_arm(name, one) for key, one in shop.items()} for name in names}


def _shop_arm(name: str, numbers: Mapping[str, float]) -> Arm:
    from .statistics import Arm

    n, total = int(numbers["units"]), numbers[name]
    if SHOP_METRICS[name] == "rate":
        return Arm(n, total, total, events=int(total))
    return Arm(n, total, numbers[f"{name}_squares"], events=int(numbers["order"]))
