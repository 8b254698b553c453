"""Tables that people keep in text files: told by what they hold, read whatever their encoding and delimiter.

CSV after RFC 4180; also with semicolons or tabs, as spreadsheets write it, in UTF-8, UTF-16, Windows-1252 or Latin-1.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import Code, Refused

DELIMITERS = ",;\t"
LONGEST_CELL = 1_000_000
"""Characters: a quotation mark that is never closed takes in the rest of the file."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_OTHERS = ("<", "{", "[", "%PDF", "#!")
_SEP = re.compile(r"sep=([,;\t])\r?\n")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Record(NamedTuple):
    """One row of the table and the line of the file where it begins, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its header; ``encoding`` and ``delimiter`` are as they were found."""

    columns: list[str]
    records: list[Record]
    encoding: str
    delimiter: str


def decoded(content: bytes) -> tuple[str, str] | None:
    """The text and its encoding; None for what is no text."""
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROLS.search(text) else (text, encoding)
    return None


def _encodings(content: bytes) -> list[str]:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return [encoding]
    if b"\0" in content[:2]:
        return ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"]


def is_table(content: bytes) -> bool:
    """Whether the bytes are a text whose first line names two columns or more."""
    found = decoded(content)
    if found is None or found[0].lstrip().startswith(_OTHERS):
        return False
    text, delimiter = _undirected(found[0])
    head = text.lstrip("\r\n").partition("\n")[0]
    return sum(1 for cell in head.split(delimiter) if cell.strip(' "\r')) > 1


def is_json(content: bytes) -> bool:
    """Whether the bytes are a JSON list or object, or one object per line."""
    found = decoded(content)
    if found is None or found[0].lstrip()[:1] not in ("[", "{"):
        return False
    try:
        values(found[0])
    except ValueError:
        return False
    return True


def values(text: str) -> Any:
    """What a JSON text holds; of JSON Lines the list of its lines' values.

    Raises:
        ValueError: for anything else, and for what is nested too deep to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        if not text.lstrip().startswith("{"):
            raise
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def read(content: bytes) -> Table:
    """The table. Lines without any text are left out.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no table, or breaks CSV's rules, with the line.
    """
    found = decoded(content)
    if found is None or not is_table(content):
        raise no_table(content)
    text, delimiter = _undirected(found[0])
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(LONGEST_CELL)
    skipped = found[0].count("\n") - text.count("\n")
    records: list[Record] = []
    began = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                records.append(Record(began + skipped, cells))
            began = lines.line_num + 1
    except csv.Error as error:
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The row that begins in line {began + skipped} breaks CSV's rules: {_words(error)}.",
            'A cell with the delimiter, a quotation mark or a line break stands in "quotes", quotes in it doubled.',
            details={"line": began + skipped},
        ) from None
    return Table([cell.strip() for cell in records[0].cells], records[1:], found[1], delimiter)


def no_table(content: bytes) -> Refused:
    """The refusal of a file that is none."""
    if content.startswith(b"PK\x03\x04"):
        return Refused(Code.INVALID_ARGUMENTS, "The file is a workbook or an archive.", "Save the sheet as CSV.")
    return Refused(
        Code.INVALID_ARGUMENTS,
        "The file is not a CSV table.",
        "Its first line names the columns, separated by commas, semicolons or tabs.",
    )


def _undirected(text: str) -> tuple[str, str]:
    """The text without the line by which Excel is told its delimiter, and the delimiter."""
    directive = _SEP.match(text)
    if directive:
        return text[directive.end() :], directive[1]
    head = _QUOTED.sub("", text.lstrip("\r\n")[:20_000]).partition("\n")[0]
    return text, max(DELIMITERS, key=head.count)


def _words(error: csv.Error) -> str:
    if "field larger" in str(error) or "unexpected end" in str(error):
        return "a quotation mark is not closed"
    return "something follows a closing quotation mark" if "expected after" in str(error) else "its quotes are wrong"
