"""Products as rows of WooCommerce's own CSV, so that its importer takes back what was exported.

After ``WC_Product_CSV_Exporter`` of WooCommerce 10.5: the same columns, the same values, the same escaping.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, TextIO, cast

from devskyy_tools.shop.collections import STAMP

Json = dict[str, Any]
Cell = str | int | float
_PUBLISHED = {"draft": -1, "private": 0, "publish": 1}
_STOCK = {"instock": 1, "onbackorder": "backorder"}
_BACKORDERS: dict[str, Cell] = {"yes": 1, "notify": "notify"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True)
class Names:
    """What ids and slugs stand for in this shop, and how it writes numbers."""

    categories: Mapping[str, str] = field(default_factory=dict[str, str])
    """Whole paths by id: ``Women > Dresses``."""
    shipping: Mapping[str, str] = field(default_factory=dict[str, str])
    weight_unit: str = "kg"
    dimension_unit: str = "cm"
    decimal_separator: str = "."

    @property
    def columns(self) -> list[str]:
        """The fixed columns, in WooCommerce's order."""
        size = self.dimension_unit
        return [
            *("ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?"),
            *("Visibility in catalog", "Short description", "Description", "Date sale price starts"),
            *("Date sale price ends", "Tax status", "Tax class", "In stock?", "Stock", "Low stock amount"),
            *("Backorders allowed?", "Sold individually?", f"Weight ({self.weight_unit})", f"Length ({size})"),
            *(f"Width ({size})", f"Height ({size})", "Allow customer reviews?", "Purchase note", "Sale price"),
            *("Regular price", "Categories", "Tags", "Shipping class", "Images", "Download limit"),
            *("Download expiry days", "Parent", "Grouped products", "Upsells", "Cross-sells", "External URL"),
            *("Button text", "Position", "Brands"),
        ]


def row_of(
    item: Json, names: Names, skus: Mapping[int, str], *, parent: Json | None = None, meta: bool = False
) -> Json:
    """One product, or one variation of ``parent``, by column. Cells that are empty may be absent.

    Args:
        item: as the shop gives it with ``context=edit``.
        names: what ids stand for.
        skus: of the products that others are linked to, empty for those without one.
        parent: the variable product of a variation.
        meta: whether custom fields with plain values are columns too.
    """
    size: Json = item.get("dimensions") or {}
    managed = item.get("manage_stock")
    downloadable = bool(item.get("downloadable"))
    cells = {
        "ID": item["id"],
        "Type": _list([_type(item, parent), *(kind for kind in ("downloadable", "virtual") if item.get(kind))]),
        "SKU": ""
        if parent and item.get("sku") == parent.get("sku")
        else item.get("sku"),  # the shop shows its parent's
        "GTIN, UPC, EAN, or ISBN": item.get("global_unique_id"),
        "Name": _name(item, parent),
        "Published": _PUBLISHED.get("draft" if (parent or {}).get("status") == "draft" else item["status"], -1),
        "Is featured?": int(bool(item.get("featured"))),
        "Visibility in catalog": item.get("catalog_visibility", "visible"),
        "Short description": _text(item.get("short_description")),
        "Description": _text(item.get("description")),
        "Date sale price starts": _date(item.get("date_on_sale_from")),
        "Date sale price ends": _date(item.get("date_on_sale_to")),
        "Tax status": item.get("tax_status"),
        "Tax class": item.get("tax_class") or ("parent" if parent else ""),
        "In stock?": _STOCK.get(item.get("stock_status", ""), 0),
        "Stock": "parent" if managed == "parent" else item.get("stock_quantity") if managed else "",
        "Low stock amount": item.get("low_stock_amount") if managed else "",
        "Backorders allowed?": _BACKORDERS.get(item.get("backorders", ""), 0),
        "Sold individually?": int(bool(item.get("sold_individually"))),
        f"Weight ({names.weight_unit})": item.get("weight"),
        f"Length ({names.dimension_unit})": size.get("length"),
        f"Width ({names.dimension_unit})": size.get("width"),
        f"Height ({names.dimension_unit})": size.get("height"),
        "Allow customer reviews?": int(bool(item.get("reviews_allowed"))),
        "Purchase note": item.get("purchase_note"),
        "Sale price": _price(item.get("sale_price"), names),
        "Regular price": _price(item.get("regular_price"), names),
        "Categories": _list(names.categories.get(str(one["id"]), one["name"]) for one in item.get("categories", ())),
        "Tags": _list(one["name"] for one in item.get("tags", ())),
        "Shipping class": _list([names.shipping.get(item.get("shipping_class", ""), item.get("shipping_class", ""))]),
        "Images": _list(_pictures(item)),
        "Download limit": _limit(item.get("download_limit")) if downloadable else "",
        "Download expiry days": _limit(item.get("download_expiry")) if downloadable else "",
        "Parent": _linked([parent["id"]], {parent["id"]: parent.get("sku", "")}) if parent else "",
        "Grouped products": _linked(item.get("grouped_products", ()), skus),
        "Upsells": _linked(item.get("upsell_ids", ()), skus),
        "Cross-sells": _linked(item.get("cross_sell_ids", ()), skus),
        "External URL": item.get("external_url"),
        "Button text": item.get("button_text"),
        "Position": item.get("menu_order", 0),
        "Brands": _list(one["name"] for one in item.get("brands", ())),
    }
    cells |= dict.fromkeys(_inherited(item, parent, names), "") if parent else {}
    cells |= _downloads(item) if downloadable else {}
    cells |= _attributes(item, parent)
    cells |= _meta(item) if meta else {}
    return {name: value for name, value in cells.items() if value not in (None, "")}


def _inherited(item: Json, parent: Json, names: Names) -> list[str]:
    """Columns of a variation in which the shop shows its product's value, as it does where there is no own one."""
    size: Json = item.get("dimensions") or {}
    whole: Json = parent.get("dimensions") or {}
    pairs: Json = {
        "SKU": (item.get("sku"), parent.get("sku")),
        f"Weight ({names.weight_unit})": (item.get("weight"), parent.get("weight")),
        "Shipping class": (item.get("shipping_class"), parent.get("shipping_class")),
        "Images": (_pictures(item), _pictures(parent)[:1]),
    }
    for name in ("Length", "Width", "Height"):
        pairs[f"{name} ({names.dimension_unit})"] = size.get(name.lower()), whole.get(name.lower())
    return [column for column, (own, above) in pairs.items() if own == above]


def inner(item: Json, name: str) -> list[Json]:
    """The objects of a list field; none where it is absent or null."""
    return cast("list[Json]", item.get(name) or [])


def linked_ids(item: Json) -> list[int]:
    """The products that this one names."""
    return [*item.get("grouped_products", ()), *item.get("upsell_ids", ()), *item.get("cross_sell_ids", ())]


def extra_columns(rows: Iterable[Json], fixed: Iterable[str]) -> list[str]:
    """The columns that rows have beyond the fixed ones: downloads, attributes, custom fields, in that order."""
    known = set(fixed)
    found = {name for row in rows for name in row if name not in known}
    return sorted(found, key=_order)


def write(out: TextIO, columns: list[str], rows: Iterable[Json]) -> int:
    """Write the header and the rows; the number of rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([safe(row.get(name, "")) for name in columns])
        count += 1
    return count


def safe(cell: Cell) -> Cell:
    """A text that a spreadsheet would run gets WooCommerce's mark before it, which its importer takes off."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _order(name: str) -> tuple[int, int, int, str]:
    words = name.split()
    if words[0] not in ("Download", "Attribute") or len(words) < 3 or not words[1].isdigit():
        return 2, 0, 0, name
    within = ("ID", "name", "URL", "value(s)", "visible", "global", "default")
    return int(words[0] == "Attribute"), int(words[1]), within.index(words[2]), ""


def _list(values: Iterable[Any]) -> str:
    return ", ".join(unescape(str(value)).replace(",", "\\,") for value in values if value not in (None, ""))


def _linked(ids: Iterable[int], skus: Mapping[int, str]) -> str:
    return _list(skus.get(one) or f"id:{one}" for one in ids)


def _type(item: Json, parent: Json | None) -> str:
    return "variation" if parent else str(item.get("type", "simple"))


def _name(item: Json, parent: Json | None) -> str:
    if parent is None:
        return str(item.get("name", ""))
    options = ", ".join(str(one["option"]) for one in item.get("attributes", ()))
    return f"{parent.get('name', '')} - {options}" if options else str(parent.get("name", ""))


def _text(value: Any) -> str:
    return str(value or "").replace("\\n", "\\\\n").replace("\n", "\\n")


def _date(value: Any) -> str:
    """``2026-12-01T00:00:00`` as PHP's ``Y-m-d G:i:s``: the hour without a leading nought."""
    if not value:
        return ""
    day, _, hours = str(value).partition("T")
    return f"{day} {hours[1:] if hours.startswith('0') else hours}".rstrip()


def _price(value: Any, names: Names) -> str:
    return str(value or "").replace(".", names.decimal_separator)


def _limit(value: Any) -> Cell:
    return value if isinstance(value, int) and value > 0 else ""


def _pictures(item: Json) -> list[str]:
    found = item["images"] if "images" in item else [item["image"]] if item.get("image") else []
    return [str(image["src"]) for image in found]


def _downloads(item: Json) -> Json:
    cells: Json = {}
    for number, one in enumerate(item.get("downloads", ()), 1):
        for name, key in (("ID", "id"), ("name", "name"), ("URL", "file")):
            cells[f"Download {number} {name}"] = one.get(key, "")
    return cells


def _attributes(item: Json, parent: Json | None) -> Json:
    cells: Json = {}
    defaults = {one["name"]: one["option"] for one in item.get("default_attributes", ())}
    for number, one in enumerate(item.get("attributes", ()), 1):
        place = f"Attribute {number}"
        cells[f"{place} name"] = unescape(one["name"])
        cells[f"{place} value(s)"] = _list([one["option"]] if parent else one.get("options", ()))
        cells[f"{place} global"] = int(bool(one.get("id")))
        if not parent:
            cells[f"{place} visible"] = int(bool(one.get("visible")))
        if one["name"] in defaults:
            cells[f"{place} default"] = defaults[one["name"]]
    return cells


def _meta(item: Json) -> Json:
    return {
        f"Meta: {one['key']}": int(one["value"]) if isinstance(one["value"], bool) else one["value"]
        for one in item.get("meta_data", ())
        if one["key"] != STAMP and isinstance(one["value"], str | int | float)
    }
