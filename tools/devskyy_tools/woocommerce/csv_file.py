"""A product CSV as rows: which columns it has, what each row is, and what can be told to be wrong by the file alone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from devskyy_mcp.assets.tables import Record, Table
from devskyy_mcp.errors import Code, Refused

from .csv_cells import NOT_OF_VARIATIONS, Wrong, numbered, types_of, unmarked
from .csv_rows import Names

_UNIT = re.compile(r"(weight|length|width|height) \((.+)\)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) (name|value\(s\)|visible|global|default)", re.IGNORECASE)
_DOWNLOAD = re.compile(r"download (\d{1,3}) (id|name|url)", re.IGNORECASE)
_META = re.compile(r"meta: *(\S.*)", re.IGNORECASE)
_PARTS = {"id": "ID", "url": "URL"}


class Problem(NamedTuple):
    """Why a row is rejected: where it begins, from 1, the column (empty for the whole row), and the reason."""

    line: int
    column: str
    reason: str


@dataclass(slots=True)
class Row:
    """One row: its cells by column, and what it says of which object it is about."""

    line: int
    cells: dict[str, str]
    kind: str
    """The type; empty where the file does not say it."""
    extras: frozenset[str]
    number: int
    """The id; 0 where it has none."""
    sku: str
    parent: str
    target: int = 0
    """The object that it changes; 0 for one that it makes."""
    children: list[Row] = field(default_factory=list["Row"])

    @property
    def variation(self) -> bool:
        return self.kind == "variation"

    @property
    def options(self) -> frozenset[tuple[str, str]]:
        """A variation's options, in no order."""
        return frozenset(
            (parts["name"].casefold(), parts["value(s)"].casefold())
            for _, parts in numbered(self.cells, "Attribute")
            if parts.get("name") and parts.get("value(s)")
        )


@dataclass(slots=True)
class File:
    """The rows that can be looked at further, what is wrong with the others, and columns that are not known."""

    rows: list[Row] = field(default_factory=list[Row])
    problems: list[Problem] = field(default_factory=list[Problem])
    columns: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])


def rows_of(table: Table, names: Names) -> File:
    """The file's rows.

    Raises:
        Refused: INVALID_ARGUMENTS for a file of another kind, of other units, or without any row.
    """
    columns = _columns(table.columns, names)
    file = File(columns=[one for one in columns if one], unknown=_unknown(table.columns, columns))
    if not {"ID", "SKU", "Name", "Parent"} & {*file.columns}:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"This is no product CSV of WooCommerce: its first line has {_some(table.columns)}.",
            "The first line names the columns, with ID or SKU among them; woo_catalog_export makes such a file.",
        )
    if not table.records:
        raise Refused(Code.INVALID_ARGUMENTS, "The file has a header and no rows.", "Add a row for each product.")
    numbers: dict[int, int] = {}
    skus: dict[str, int] = {}
    for record in table.records:
        try:
            row = _row(record, columns)
            _only_once(row.number, numbers, row.line, "ID")
            _only_once(row.sku.casefold(), skus, row.line, "SKU")
        except Wrong as wrong:
            file.problems.append(Problem(record.line, wrong.column, wrong.reason))
        else:
            file.rows.append(row)
    return file


def _columns(given: list[str], names: Names) -> list[str]:
    """Per position the column as an export has it; empty for one that is not known."""
    known = {one.casefold(): one for one in names.columns}
    found = [known.get(one.casefold()) or _extra(one) or _measure(one, names) for one in given]
    twice = sorted({one for one in found if one and found.count(one) > 1})
    if twice:
        raise Refused(Code.INVALID_ARGUMENTS, f"The file has a column twice: {_some(twice)}.", "Keep one of them.")
    return found


def _extra(given: str) -> str:
    for pattern, what in ((_ATTRIBUTE, "Attribute"), (_DOWNLOAD, "Download")):
        if parts := pattern.fullmatch(given):
            part = parts[2].lower()
            return f"{what} {int(parts[1])} {_PARTS.get(part, part)}"
    meta = _META.fullmatch(given)
    return f"Meta: {meta[1]}" if meta else ""


def _measure(given: str, names: Names) -> str:
    """Refuses measures in another unit than the shop's: nothing would tell 5 lbs from 5 kg afterwards."""
    parts = _UNIT.fullmatch(given)
    if parts:
        own = names.weight_unit if parts[1].lower() == "weight" else names.dimension_unit
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The column {given[:60]} is in another unit than the shop's, {own}.",
            f"Convert the numbers and call the column {parts[1].capitalize()} ({own}), or leave it out.",
        )
    return ""


def _unknown(given: list[str], found: list[str]) -> list[str]:
    return [name or "(no name)" for name, known in zip(given, found, strict=True) if not known]


def _some(texts: Iterable[str]) -> str:
    listed = [repr(text[:40]) for text in texts]
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")


def near(name: str, names: Names) -> str:
    """The name of an unknown column, with the one that may be meant."""
    found = difflib.get_close_matches(name, names.columns, 1, 0.75)
    return f"{name[:60]} (did you mean {found[0]}?)" if found else name[:60]


def _row(record: Record, columns: list[str]) -> Row:
    if len(record.cells) != len(columns):
        raise Wrong(
            "",
            f"It has {len(record.cells)} cells, the header has {len(columns)}: a cell with a delimiter in it must "
            'stand in "quotes".',
        )
    cells = {column: cell for column, cell in zip(columns, record.cells, strict=True) if column}
    kind, extras = types_of(cells.get("Type", ""))
    parent = unmarked(cells.get("Parent", "")).strip()
    number = cells.get("ID", "").strip()
    if number and not re.fullmatch(r"\d{1,18}", number):
        raise Wrong("ID", "An ID is a whole number; leave it empty for a new product.")
    kind = kind or ("variation" if parent else "")
    if kind == "variation" and not parent:
        raise Wrong("Parent", "A variation needs its product here: the SKU, or id: and the ID.")
    if parent and kind != "variation":
        raise Wrong("Parent", f"Only a variation has a parent; this is a {kind} product.")
    sku = unmarked(cells.get("SKU", "")).strip()
    if kind == "variation":
        sku = "" if sku == parent else sku
        cells = {name: cell for name, cell in cells.items() if name not in NOT_OF_VARIATIONS}
        cells |= {"SKU": sku} if "SKU" in cells else {}
    return Row(record.line, cells, kind, extras, int(number or 0), sku, parent)


def _only_once(
    key: int | str, seen: dict[object, int] | dict[int, int] | dict[str, int], line: int, column: str
) -> None:
    if not key:
        return
    earlier = seen.setdefault(key, line)  # pyright: ignore[reportArgumentType] # one of the two kinds of key
    if earlier != line:
        raise Wrong(column, f"Line {earlier} has the same {column}.")
