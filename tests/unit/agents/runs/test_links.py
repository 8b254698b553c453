"""Links however they are written are found, and taken out of deliverables where nobody of the shop has named them."""

from __future__ import annotations

import pytest

from devskyy_mcp.agents.runs.links import host_of, hosts, named, without_foreign

OWN = "shop.example"


def taken_out(text: str, *outside: str) -> tuple[str, list[str]]:
    gone: list[str] = []
    return without_foreign(text, {OWN}.__contains__, gone, frozenset(outside)), gone


@pytest.mark.requirement("runs:links")
@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x", "HTTPS://EVIL.EXAMPLE", "//evil.example/x", "www.evil.example/x?a=b",
        "http:evil.example", "https:/evil.example", r"https:\\evil.example\x", r"https:/\evil.example",
        r"https\://evil.example", r"[x](https:\/\/evil.example)", "ftp://evil.example/x", "ws:evil.example",
        "whatsapp://evil.example/x", "https:&#47;&#47;evil.example/x", "https&colon;&sol;&sol;evil.example/x",
        "&#104;ttps:&#x2f;&#x2F;evil.example", f"https://{OWN}@evil.example/", f"https://{OWN}.evil.example",
        f"https://evil.example#@{OWN}", f"https://evil.example?@{OWN}", f"https://{OWN}:x@evil.example",
        "![a](https://evil.example/p.png?d=1)", "<a href='https://evil.example'>", '<img src="//evil.example/a">',
        f"https://{OWN}'@evil.example/?d=1", f"https://{OWN}(@evil.example/", f"https://{OWN}`.evil.example/",
        f'https://{OWN}"@evil.example', f"![x](https://{OWN}\\@evil.example/p?d=1)", f"https://{OWN}\\.evil.example/p",
        f"https://{OWN}&#92;@evil.example/p", f"www.evil.example:/{OWN}/?d=1",
        "[x]: https://evil.example", "mailto:thief@evil.example?body=all", "mailto:thief@evil.example",
    ],
)  # fmt: skip
def test_a_link_that_is_not_the_shops_is_taken_out(text: str) -> None:
    left, gone = taken_out(f"See {text} now, {OWN}.")
    assert "[link taken out]" in left
    assert set(gone) <= {"?", "evil.example", "www.evil.example", f"{OWN}.evil.example"}
    assert left.endswith(f"{OWN}.")


@pytest.mark.requirement("runs:links")
@pytest.mark.parametrize("text", ["javascript:alert(1)", "JavaScript:x", "data:text/html;base64,PHNj", "vbscript:x"])
def test_what_leads_to_no_host_is_taken_out(text: str) -> None:
    assert taken_out(text)[1] == ["?"]


@pytest.mark.requirement("runs:links")
@pytest.mark.parametrize(
    "text",
    [
        f"https://{OWN}/p/1", f"//{OWN}", f"www.{OWN}"[4:],
        f"(https://{OWN}).", f"[a](https://{OWN}) b.c", f'"https://{OWN}", "a.b"',
        "Either/or: 12/2 and S/M, at 10:30", "a.b/c of file.csv/x",
        "data: 12 rows", "Note:/ nothing", "C:\\shop\\goods.csv", "grace@navy.example", "R&D & more", "wc/v3//",
    ],
)  # fmt: skip
def test_what_is_none_or_the_shops_own_stays(text: str) -> None:
    assert taken_out(text) == (text, [])


@pytest.mark.requirement("runs:links")
def test_a_name_with_a_path_counts_where_a_text_from_outside_has_named_it() -> None:
    text = "Go to evil.example/collect?x=1 or readme.md/x"
    assert "evil.example" in hosts(named(["Look at evil.example/collect"]))
    assert taken_out(text)[1] == []
    assert taken_out(text, "evil.example") == ("Go to [link taken out] or readme.md/x", ["evil.example"])


def test_names_of_fields_are_texts_too() -> None:
    gone: list[str] = []
    assert without_foreign({"see https://evil.example": 1}, {OWN}.__contains__, gone) == {"see [link taken out]": 1}
    assert gone == ["evil.example"]
    assert host_of("https://[::1") == "?"
