"""Tax rates and classes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import TAX_CLASSES, TAXES
from devskyy_tools.shop.nouns import Noun

from .arguments import Price
from .models_store import TaxRate

taxes = Toolset("taxes", timeout=20)

TaxClass = Annotated[str, Field(max_length=200, description="Slug, e.g. standard; woo_reference_list has them.")]
Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=500)]
_WRITES: dict[str, Any] = {
    "rate": Annotated[Price, Field(description='Percent, e.g. "20".')],
    "name": Annotated[str, Field(min_length=1, max_length=100)],
    "country": Annotated[str, Field(pattern="^([A-Z]{2})?$", description="ISO 3166, two letters; empty: all.")],
    "state": Annotated[str, Field(max_length=20)],
    "postcodes": Texts,
    "cities": Texts,
    "tax_class": TaxClass,
    "priority": Annotated[int, Field(ge=1, le=1000)],
    "compound": bool,
    "shipping": bool,
    "order": Annotated[int, Field(ge=0, le=10_000)],
}

Noun(
    taxes,
    TAXES,
    "woo_taxes",
    row=TaxRate,
    full=TaxRate,
    writes=_WRITES,
    required=("rate", "name", "country"),
    filters={"tax_class": (TaxClass, "")},
    names={"tax_class": "class"},
    scope="settings",
    says={"list": "List the shop's tax rates."},
).declare("list", "create", "update", "delete")

Noun(
    taxes,
    TAX_CLASSES,
    "woo_tax_classes",
    row=TaxRate,
    full=TaxRate,
    writes={"name": Annotated[str, Field(min_length=1, max_length=100)]},
    required=("name",),
    scope="settings",
    says={"delete": "Delete a tax class (id: its slug) with its rates for good; a person is asked."},
).declare("create", "delete")
