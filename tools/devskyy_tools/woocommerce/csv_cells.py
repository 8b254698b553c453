"""Cells of WooCommerce's product CSV as the fields that its REST API takes; what they can't be is told, not guessed at.

After ``WC_Product_CSV_Importer`` of WooCommerce 10.5, which takes "abc" for an empty price; here that is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from devskyy_tools.shop import money

from .csv_rows import FORMULA, Names

Json = dict[str, Any]
Cells = Mapping[str, str]
_WHOLE = re.compile(r"(-?\d{1,9})(?:\.0+)?")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_YES, _NO = ("1", "yes", "true"), ("0", "no", "false")
_STATUS = {"-1": "draft", "0": "private", "1": "publish", "true": "publish", "false": "draft"}
TYPES = ("simple", "variable", "grouped", "external", "variation")
EXTRAS = ("virtual", "downloadable")
FRESH = {
    "Is featured?": "0", "Visibility in catalog": "visible", "Tax status": "taxable", "In stock?": "1",
    "Backorders allowed?": "0", "Sold individually?": "0", "Allow customer reviews?": "1", "Position": "0",
}  # fmt: skip
"""What a product that is about to be made has already, as an export would say it."""


class Wrong(Exception):
    """Why a row can't be taken: the column (empty for the row as a whole) and the reason, as a sentence."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def unmarked(cell: str) -> str:
    """The cell without the mark that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def listed(cell: str) -> list[str]:
    """The values of a list; a comma within one is written ``\\,``."""
    parts = re.split(r"(?<!\\),", cell)
    return [value for part in parts if (value := part.replace("\\,", ",").strip())]


def fields_of(cells: Cells, names: Names, *, variation: bool) -> Json:
    """The fields that single cells say; lists of terms, pictures, links and attributes are others' work.

    Args:
        cells: by column, as in the file; those that change nothing are left out already.
        names: how this shop writes numbers.
        variation: whether the row is a variation's.

    Raises:
        Wrong: for the first cell that can't be taken.
    """
    found: Json = {}
    for column, cell in cells.items():
        read = _READERS.get(re.sub(r" \(.*\)$", "", column) if column.startswith(_SIZES) else column)
        if read is None:
            continue
        try:
            fields = read(unmarked(cell).strip(), names, variation)
        except ValueError as wrong:
            raise Wrong(column, str(wrong)) from None
        for name, value in fields.items():
            found[name] = {**found.get(name, {}), **value} if isinstance(value, dict) else value
    if "stock_quantity" in found:  # counted stock says itself whether there is any
        found.pop("stock_status", None)
    return found


_SIZES = ("Weight (", "Length (", "Width (", "Height (")
_Reader = Callable[[str, Names, bool], Json]


def _text(field: str, *, most: int = 1000, needed: bool = False) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        if needed and not cell:
            raise ValueError("It can't be empty.")
        if len(cell) > most:
            raise ValueError(f"It has more than {most} characters.")
        return {field: cell}

    return read


def _html(field: str) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        parts = cell.split("\\\\n")  # as WooCommerce writes the two signs \ and n themselves
        return {field: "\\n".join(part.replace("\\n", "\n") for part in parts)}

    return read


def _flag(field: str) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        if cell.lower() not in (*_YES, *_NO, ""):
            raise ValueError("Write 1 or 0.")
        return {field: cell.lower() in _YES} if cell else {}

    return read


def _whole(field: str, empty: Any, least: int = -1_000_000) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        return {field: whole(cell, least) if cell else empty}

    return read


def whole(cell: str, least: int = 0) -> int:
    """A whole number.

    Raises:
        ValueError: in words, for anything else.
    """
    found = _WHOLE.fullmatch(cell)
    if found is None:
        raise ValueError("Write a whole number, such as 12.")
    if int(found[1]) < least:
        raise ValueError(f"It can't be below {least}.")
    return int(found[1])


def _price(field: str) -> _Reader:
    def read(cell: str, names: Names, _variation: bool) -> Json:
        return {field: _amount(cell, names) if cell else ""}

    return read


def _amount(cell: str, names: Names) -> str:
    separator = names.decimal_separator
    if separator != ".":
        if "." in cell:
            raise ValueError(f'This shop writes amounts as "19{separator}90", without other separators.')
        cell = cell.replace(separator, ".")
    wrong = money.problem(cell)
    if wrong:
        raise ValueError(wrong if separator == "." else f'Write an amount as "19{separator}90".')
    return cell


def _measure(field: str, within: str = "") -> _Reader:
    """A measure has a point, whatever the shop's separator is, as in WooCommerce's export; the separator passes too."""

    def read(cell: str, names: Names, _variation: bool) -> Json:
        value = cell if "." in cell else cell.replace(names.decimal_separator, ".")
        if value and money.problem(value):
            raise ValueError('Write a number, such as "1.5".')
        return {within: {field: value}} if within else {field: value}

    return read


def _choice(field: str, *allowed: str) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        if cell and cell not in allowed:
            raise ValueError(f"Write one of {', '.join(allowed)}.")
        return {field: cell} if cell else {}

    return read


def _moment(field: str, otherwise: str) -> _Reader:
    """A time of the site's own; ``otherwise`` is the time of a day without one."""

    def read(cell: str, _names: Names, _variation: bool) -> Json:
        if not cell:
            return {field: ""}
        parts = _MOMENT.fullmatch(cell)
        try:
            day = date.fromisoformat(parts[1]) if parts else None
            at = f"{int(parts[2]):02}:{parts[3]}:{parts[4] or '00'}" if parts and parts[2] else otherwise
            return {field: datetime.fromisoformat(f"{day}T{at}").isoformat()}
        except ValueError:
            raise ValueError("Write a day, such as 2026-12-24, or a time, such as 2026-12-24 18:00:00.") from None

    return read


def _published(cell: str, _names: Names, variation: bool) -> Json:
    status = _STATUS.get(cell.lower())
    if status is None and cell:
        raise ValueError("Write 1 (published), 0 (private) or -1 (draft).")
    if status is None:
        return {}
    return {"status": "publish" if variation and status == "draft" else status}  # as a draft's variations are


def _stock(cell: str, _names: Names, variation: bool) -> Json:
    if cell == "parent":
        if not variation:
            raise ValueError("Only a variation has its parent's stock.")
        return {"manage_stock": False}
    if not cell:
        return {"manage_stock": False}
    return {"manage_stock": True, "stock_quantity": whole(cell, -1_000_000)}


def _in_stock(cell: str, _names: Names, _variation: bool) -> Json:
    if cell.lower() in ("backorder", "onbackorder"):
        return {"stock_status": "onbackorder"}
    if cell.lower() not in (*_YES, *_NO, ""):
        raise ValueError("Write 1, 0 or backorder.")
    return {"stock_status": "instock" if cell.lower() in _YES else "outofstock"} if cell else {}


def _backorders(cell: str, _names: Names, _variation: bool) -> Json:
    if cell.lower() not in ("notify", *_YES, *_NO, ""):
        raise ValueError("Write 1, 0 or notify.")
    return {"backorders": "notify" if cell.lower() == "notify" else "yes" if cell.lower() in _YES else "no"}


def _address(field: str) -> _Reader:
    def read(cell: str, _names: Names, _variation: bool) -> Json:
        return {field: address(cell) if cell else ""}

    return read


def address(text: str) -> str:
    """An http address.

    Raises:
        ValueError: in words, for anything else.
    """
    if not re.fullmatch(r"https?://[^\s/]+\S*", text, re.IGNORECASE):
        raise ValueError(f"{text[:80]!r} is no address that begins with https://.")
    return text


_READERS: Mapping[str, _Reader] = {
    "SKU": _text("sku", most=100),
    "GTIN, UPC, EAN, or ISBN": _text("global_unique_id", most=100),
    "Name": _text("name", needed=True),
    "Published": _published,
    "Is featured?": _flag("featured"),
    "Visibility in catalog": _choice("catalog_visibility", "visible", "catalog", "search", "hidden"),
    "Short description": _html("short_description"),
    "Description": _html("description"),
    "Date sale price starts": _moment("date_on_sale_from", "00:00:00"),
    "Date sale price ends": _moment("date_on_sale_to", "23:59:59"),
    "Tax status": _choice("tax_status", "taxable", "shipping", "none"),
    "In stock?": _in_stock,
    "Stock": _stock,
    "Low stock amount": _whole("low_stock_amount", None, 0),
    "Backorders allowed?": _backorders,
    "Sold individually?": _flag("sold_individually"),
    "Weight": _measure("weight"),
    "Length": _measure("length", "dimensions"),
    "Width": _measure("width", "dimensions"),
    "Height": _measure("height", "dimensions"),
    "Allow customer reviews?": _flag("reviews_allowed"),
    "Purchase note": _text("purchase_note", most=100_000),
    "Sale price": _price("sale_price"),
    "Regular price": _price("regular_price"),
    "Download limit": _whole("download_limit", -1, -1),
    "Download expiry days": _whole("download_expiry", -1, -1),
    "External URL": _address("external_url"),
    "Button text": _text("button_text"),
    "Position": _whole("menu_order", 0),
}
NOT_OF_VARIATIONS = frozenset(
    {
        *("Name", "Is featured?", "Visibility in catalog", "Short description", "Sold individually?"),
        *("Allow customer reviews?", "Purchase note", "Categories", "Tags", "Grouped products", "Upsells"),
        *("Cross-sells", "External URL", "Button text", "Brands"),
    }
)
"""Columns that say nothing of a variation: it has these from its product."""


def types_of(cell: str) -> tuple[str, frozenset[str]]:
    """The type, and what else the cell says: ``simple, virtual``. Empty where the cell is.

    Raises:
        Wrong: for a type that there is not.
    """
    words = [word.lower() for word in listed(cell)]
    kinds = [word for word in words if word not in EXTRAS]
    if len(kinds) > 1 or (kinds and kinds[0] not in TYPES):
        raise Wrong("Type", f"Write one of {', '.join(TYPES)}, with virtual and downloadable where it is.")
    kind = kinds[0] if kinds else "simple" if words else ""
    return kind, frozenset(words) & frozenset(EXTRAS)


def numbered(cells: Cells, what: str) -> list[tuple[int, dict[str, str]]]:
    """``Attribute 1 name``, ``Attribute 1 value(s)`` and so on, by their number, names of the parts shortened."""
    found: dict[int, dict[str, str]] = {}
    for column, cell in cells.items():
        words = column.split(" ", 2)
        if words[0] == what and len(words) == 3 and words[1].isdecimal():
            found.setdefault(int(words[1]), {})[words[2]] = unmarked(cell).strip()
    return sorted(found.items())


def downloads_of(cells: Cells) -> list[Json]:
    """A product's downloads.

    Raises:
        Wrong: for one without an address.
    """
    found: list[Json] = []
    for number, parts in numbered(cells, "Download"):
        if not any(parts.values()):
            continue
        if not parts.get("URL"):
            raise Wrong(f"Download {number} URL", "A download needs its address.")
        one = {"name": parts.get("name") or parts["URL"].rsplit("/", 1)[-1], "file": parts["URL"]}
        found.append({**({"id": parts["ID"]} if parts.get("ID") else {}), **one})
    return found


def custom_fields(cells: Cells) -> list[Json]:
    """Columns ``Meta: key`` as the shop takes them."""
    return [
        {"key": column.removeprefix("Meta: "), "value": unmarked(cell)}
        for column, cell in cells.items()
        if column.startswith("Meta: ")
    ]
