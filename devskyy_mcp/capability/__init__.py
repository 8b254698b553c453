"""The one declaration: a typed function with a policy, from which every surface makes its own form of the tool.

products = Toolset("products", timeout=20)

@products.tool("read", scopes="catalog:read")
async def woo_products_list(ctx: Context, search: Search = "", page: Page = 1) -> ProductPage:
'''List the shop's products, newest first. Use it to find a product's id before a change.'''
"""

from __future__ import annotations

from .access import allowed, authorize
from .offered import Content, Prompt, PromptArgument, Resource
from .policy import MOST_RESULT, Effect, JobPolicy, Policy, Queue, Texts, View
from .registry import Pack, Registry
from .tool import Capability, Toolset, validate

__all__ = [
    "MOST_RESULT", "Capability", "Content", "Effect", "JobPolicy", "Pack", "Policy", "Prompt", "PromptArgument",
    "Queue", "Registry", "Resource", "Texts", "Toolset", "View", "allowed", "authorize", "validate",
]  # fmt: skip
