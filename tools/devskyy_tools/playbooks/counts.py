"""A stock count, from a file or from a call's arguments: which SKUs were counted, how often, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.tables import Table
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.woocommerce.arguments import Quantity, Sku
from devskyy_tools.woocommerce.csv_cells import unmarked, whole
from devskyy_tools.woocommerce.csv_file import Problem

_COUNTED = ("counted", "count", "quantity", "qty", "stock")
MOST = 10_000


class Counted(BaseModel):  # one line of a count; no docstring, which would cost each model that lists the tools
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    sku: Annotated[Sku, Field(min_length=1)]
    counted: Quantity


class Line(NamedTuple):
    line: int
    sku: str
    counted: int


def of_arguments(rows: Iterable[Counted]) -> list[Line]:
    return [Line(number, row.sku.strip(), row.counted) for number, row in enumerate(rows, 1)]


def of_table(table: Table) -> tuple[list[Line], list[Problem]]:
    """The lines that can be read, and the problems of the others.

    Raises:
        Refused: INVALID_ARGUMENTS when there is no column of SKUs or counts, or no line.
    """
    columns = [column.casefold() for column in table.columns]
    counts = [columns.index(name) for name in _COUNTED if name in columns]
    if "sku" not in columns or not counts:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The count's first line has no column {'SKU' if 'sku' not in columns else 'counted'}.",
            "It needs the columns SKU and counted.",
        )
    if not table.records:
        raise Refused(Code.INVALID_ARGUMENTS, "The count has a header and no lines.")
    at_sku, at_count = columns.index("sku"), counts[0]
    lines: list[Line] = []
    problems: list[Problem] = []
    for record in table.records:
        cells = [unmarked(cell).strip() for cell in record.cells] + [""] * len(columns)
        if not cells[at_sku]:
            problems.append(Problem(record.line, "SKU", "There is no SKU."))
            continue
        try:
            lines.append(Line(record.line, cells[at_sku], whole(cells[at_count], 0)))
        except ValueError as wrong:
            problems.append(Problem(record.line, table.columns[at_count], str(wrong)))
    return lines, problems


def each_once(lines: list[Line]) -> tuple[list[Line], list[Problem]]:
    """The lines whose SKU is counted once; of the others nobody can tell which count holds."""
    by_sku: dict[str, list[Line]] = {}
    for line in lines:
        by_sku.setdefault(line.sku.casefold(), []).append(line)
    twice = [line for same in by_sku.values() if len(same) > 1 for line in same]
    problems = [
        Problem(line.line, "SKU", f"{line.sku[:60]} is counted more than once: add the counts up in one line.")
        for line in twice
    ]
    return [same[0] for same in by_sku.values() if len(same) == 1], problems
