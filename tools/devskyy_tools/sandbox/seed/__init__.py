"""The demo brand Maison Skyy: users, settings, catalogue, orders and stories; the same in every new shop."""

from __future__ import annotations

from datetime import UTC, datetime

from devskyy_tools.sandbox.store import Store

__all__ = ["sow"]


def sow(store: Store, *, goods: bool) -> None:
    """Fill a new shop in one transaction; a shop that was opened before is left as it is.

    Ids, names and amounts are always the same. Dates count back from today, so that reports have something to say.
    """
    with store.transaction(write=True):
        if store.option("sown"):
            return
        from devskyy_tools.sandbox.seed import people, settings

        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        settings.sow(store)
        people.sow(store, today, customers=goods)
        if goods:
            from devskyy_tools.sandbox.seed import catalogue, delivery, history, stories, trade

            for part in (catalogue, history, trade, stories, delivery):
                part.sow(store, today)
        from devskyy_tools.sandbox.seed import site

        site.sow(store, today)
        store.set_option("sown", True)
