"""Scopes in words for the people who grant them."""

from __future__ import annotations

from collections.abc import Iterable

from ...auth.scopes import OFFLINE

_WORDS = {
    "tools": ("See which tools there are", "Use every tool that is shown"),
    "catalog": ("See products, stock, categories and coupons", "Change products, prices, stock and coupons"),
    "content": ("See pages and posts", "Write and publish pages and posts"),
    "media": ("See pictures and files", "Upload, change and delete pictures and files"),
    "orders": ("See orders", "Change orders and give money back"),
    "accounts": (
        "See the site's accounts and their roles",
        "Make, change and delete the site's accounts and passwords",
    ),
    "customers": ("See customers with names and addresses", "Add and change customers"),
    "settings": (
        "See the settings of shop and site: shipping, taxes, ways to pay, webhooks, plugins",
        "Change the settings of shop and site: shipping, taxes, ways to pay, webhooks, plugins",
    ),
    "privacy": ("See all that the site holds of a person", "Erase for good what the site holds of a person"),
    "reports": ("See sales reports", "Make reports"),
    "changes": ("See what was changed, and by whom", "Carry out and undo changes that it prepared"),
    "jobs": ("See long-running work", "Start and stop long-running work"),
    "agents": ("See the agents, their instructions and the brand guide", "Change what the agents are told"),
    "audit": ("See the audit of everything that was done", "Write to the audit"),
}


def worded(scope: str) -> str:
    """What granting the scope means, one phrase; a scope that nobody has worded is shown as it is."""
    if scope == OFFLINE:
        return "Stay connected while you are away, until you end it"
    area, _, action = scope.partition(":")
    reading, writing = _WORDS.get(area, (scope, scope))
    return writing if action == "write" else reading


def choices(scopes: Iterable[str]) -> list[tuple[str, str, bool]]:
    """Scope, words and whether it changes something; what only looks comes first, staying connected last."""
    found = [(scope, worded(scope), scope.endswith(":write")) for scope in scopes]
    return sorted(found, key=lambda one: (one[0] == OFFLINE, one[2], one[0]))
