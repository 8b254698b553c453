"""Agents' files are read strictly, and what is wrong is said with file and line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devskyy_mcp.agents import compiled as compiling
from devskyy_mcp.agents.catalogue import Agents, load_agents
from devskyy_mcp.agents.checking import look
from devskyy_mcp.agents.compiled import compiled, forget
from devskyy_mcp.agents.loading import Loaded, load, sources
from devskyy_mcp.agents.matter import MOST_DEEP, Wrong, read
from devskyy_mcp.app import build, installed_packs
from devskyy_mcp.capability import Capability
from devskyy_mcp.errors import Code, Refused
from tests.fakes.served import settings_for

FILES = Path(__file__).with_name("files")
PRICES = "commerce/price-clerk.md"


def known() -> dict[str, Capability]:
    return {tool.name: tool for pack in installed_packs() for toolset in pack.toolsets for tool in toolset.tools}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files that may be spoilt."""
    return Path(shutil.copytree(FILES, tmp_path / "agents"))


def changed(folder: Path, old: str, new: str, file: str = PRICES) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(Refused) as caught:
        load(sources(folder, "agents"), known().keys())
    assert caught.value.code is Code.NOT_CONFIGURED
    return caught.value.details["problems"]


def test_good_files_are_taken_with_their_defaults(folder: Path) -> None:
    loaded = load(sources(folder, "agents"), known().keys())
    assert list(loaded.supers) == ["commerce", "support"]
    assert sorted(loaded.agents) == ["model-clerk", "parcel-clerk", "price-clerk"]
    agents = Agents(loaded, build(settings_for(folder, data_dir=folder)).registry)
    file = agents.get("price-clerk").file
    assert (file.limits.steps, file.model.tier, file.trust.egress) == (20, "balanced", "none")
    assert agents.get("price-clerk").title == "Commerce · Price clerk"
    assert agents.get("parcel-clerk").title == "Support · Parcel clerk"


WRONG: list[tuple[str, str, int, str]] = [
    ("woo_products_get", "woo_product_get", 16, "there is no tool woo_product_get; did you mean woo_products_get"),
    ("[woo_products_update]", "[woo_products_list]", 17, "woo_products_list is there twice, first in line 15"),
    ("complete: collections", "complete: colections", 10, "arguments.0.complete must be one of"),
    ("required: true,", "needed: true,", 10, "arguments.0.needed is not a field of arguments.0"),
    ("super: commerce", "super: comerce", 3, "super must be one of"),
    ("super: commerce", "super: support", 3, "super is support, and the file lies in commerce/"),
    ("name: price-clerk", "name: price-maker", 2, "name is price-maker, and the file is called price-clerk.md"),
    ('version: "1.0.0"', "version: 1.0", 4, "version must be a string"),
    ("title: Price clerk", "titel: Price clerk", 5, "titel is not a field of an agent; did you mean title?"),
    (
        "  type: object\n  required: [rows]",
        "  type: array\n  required: [rows]",
        19,
        "output must be the schema of an obj",
    ),
    ("type: integer", "type: intger", 24, "output.$defs.row.properties.id.type is not JSON Schema 2020-12"),
    ("#/$defs/row", "#/$defs/rows", 22, "$ref #/$defs/rows is not one of output's own"),
    ("#/$defs/row", "https://example.com/schema", 22, "$ref https://example.com/schema is not one of"),
    ('    - "set the price of the tote to 199"\n', "", 26, "examples.route must have at least 5 entries"),
    ("values: [up, down, upwards]", "values: [up], complete: tags", 11, "move has values and complete"),
    ("name: note", "name: move", 12, "two arguments are called move"),
    ("title: Price clerk", "title: Price clerk\ntitle: Again", 6, "title is there twice, first in line 5"),
    ("title: Price clerk", "title: &a Price clerk", 5, "anchors and aliases"),
    ("title: Price clerk", "title: !!python/name:os.system x", 5, "tags (!) are not read"),
    ("title: Price clerk", "title: [Price", 6, "this is not YAML"),
    ("# Role", "# Role\n" * 500, 37, "the instructions have"),
    ("# Role", "word " * 4_500, 37, "the instructions have about 5,6"),
]


@pytest.mark.requirement("agents:strict")
@pytest.mark.parametrize(("old", "new", "line", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_wrong_is_said_with_file_and_line(folder: Path, old: str, new: str, line: int, said: str) -> None:
    changed(folder, old, new)
    assert any(f"agents/{PRICES}:{line}: {said}" in one for one in problems(folder)), problems(folder)


@pytest.mark.requirement("agents:strict")
def test_all_that_is_wrong_in_all_files_is_said_at_once(folder: Path) -> None:
    changed(folder, "woo_products_get", "woo_product_get")
    changed(folder, "woo_orders_get", "woo_order_get", "support/parcel-clerk.md")
    (folder / "support.md").unlink()
    (folder / "commerce/latin.md").write_bytes("---\nname: é\n---\n".encode("latin-1"))
    (folder / "commerce/empty.md").write_text("")
    said = "\n".join(problems(folder))
    for one in (
        f"agents/{PRICES}:16: there is no tool woo_product_get",
        "agents/support/parcel-clerk.md:",
        "agents/commerce/latin.md:2: this is not UTF-8",
        "agents/commerce/empty.md:1: the file must begin with a line of three hyphens",
    ):
        assert one in said


def test_an_agent_without_its_super_agents_file_is_wrong(folder: Path) -> None:
    (folder / "support.md").unlink()
    assert problems(folder) == ["agents/support/parcel-clerk.md:1: its super agent has no file support.md"]


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 40_000, "a: " + "[" * 40_000 + "]" * 40_000, "a:\n " + "- " * 30_000, "a: 1" + "0" * 5_000],
    ids=["open", "deep", "entries", "digits"],
)
def test_hostile_yaml_ends_in_words(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        read(f"---\n{text}\n---\nBody.")
    assert len(caught.value.said) < 200


def test_yaml_guesses_nothing() -> None:
    text = "---\na: [yes, 2026-01-01, 1:30, 0x10, 012, 1.5, -2, true, null, '1']\n---\nBody."
    found = read(text).fields["a"]
    assert found == ["yes", "2026-01-01", "1:30", "0x10", "012", 1.5, -2, True, None, "1"]
    deep = "---\na: " + "[" * (MOST_DEEP - 2) + "]" * (MOST_DEEP - 2) + "\n---\nBody."
    assert read(deep).fields["a"] is not None


# ---- a brand's own --------------------------------------------------------------------------------------------------


def brand(folder: Path, **files: str) -> Path:
    own = folder / "own"
    (own / "commerce").mkdir(parents=True)
    for name, text in files.items():
        (own / name.replace("__", "/").replace("_md", ".md").replace("_toml", ".toml")).write_text(text)
    return own


@pytest.mark.requirement("agents:brand")
def test_a_brands_file_stands_for_ours_and_its_phrases_are_added(folder: Path) -> None:
    text = (FILES / PRICES).read_text().replace("title: Price clerk", "title: Our price clerk")
    own = brand(folder, phrases_toml='price-clerk = ["faites monter le tarif"]\n')
    (own / "commerce/price-clerk.md").write_text(text)
    (own / "README.md").write_text("Ours.")
    loaded = load([*sources(FILES, "agents"), *sources(own, "own")], known().keys())
    assert loaded.agents["price-clerk"].fields["title"] == "Our price clerk"
    assert loaded.phrases == {"price-clerk": ["faites monter le tarif"]}


@pytest.mark.requirement("agents:brand")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '# ours\nprice-clark = ["x"]\n',
            "own/phrases.toml:2: there is no agent price-clark; did you mean",
        ),
        ('price-clerk = "x"\n', "own/phrases.toml:1: price-clerk must be a list of what people say"),
        ("price-clerk = [\n", "own/phrases.toml: this is not TOML"),
    ],
)
def test_wrong_phrases_are_said(folder: Path, text: str, said: str) -> None:
    own = brand(folder, phrases_toml=text)
    with pytest.raises(Refused) as caught:
        load([*sources(FILES, "agents"), *sources(own, "own")], known().keys())
    assert said in caught.value.message


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    registry = build(settings_for(tmp_path), []).registry
    with pytest.raises(Refused, match="There is no folder"):
        load_agents(registry, {}, None, tmp_path / "nowhere", tmp_path)


# ---- checked once ---------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per time that the files were really read."""
    reads: list[int] = []

    def counting(*given: object) -> Loaded:
        reads.append(1)
        return load(*given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(compiling, "load", counting)
    monkeypatch.setattr(compiling, "_known", {})
    return reads


@pytest.mark.requirement("agents:checked-once")
def test_the_same_files_are_checked_once(folder: Path, tmp_path: Path, counted: list[int]) -> None:
    tools, cache = set(known()), tmp_path / "cache"

    def again() -> Loaded:
        forget()
        return compiled(sources(folder, "agents"), tools, cache)

    first = again()
    assert again() == first
    assert len(counted) == 1
    changed(folder, "Price clerk", "Prices' clerk")
    assert again().agents["price-clerk"].fields["title"] == "Prices' clerk"
    assert len(counted) == 2
    tools.add("woo_new_tool")
    again()
    assert len(counted) == 3
    for kept in cache.glob("*.json"):
        kept.write_text(kept.read_text()[:100])
    assert again().agents.keys() == first.agents.keys()
    assert len(counted) == 4


def test_a_cache_that_can_not_be_written_costs_the_check_only(folder: Path, tmp_path: Path, counted: list[int]) -> None:
    (tmp_path / "cache").write_text("a file")
    assert compiled(sources(folder, "agents"), set(known()), tmp_path / "cache").agents
    assert len(counted) == 1


# ---- at the start ---------------------------------------------------------------------------------------------------


def devskyy(tmp_path: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "DEVSKYY_DATA_DIR": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache"), **env}
    command = [sys.executable, "-m", "devskyy_mcp", *words]
    return subprocess.run(command, env=given, capture_output=True, text=True, input="", timeout=60, check=False)


@pytest.mark.requirement("agents:strict")
@pytest.mark.parametrize("command", [("stdio",), ("serve", "--port", "0")], ids=" ".join)
def test_a_wrong_file_stops_the_start(tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "own"
    (folder / "commerce").mkdir(parents=True)
    shutil.copy(FILES / PRICES, folder / PRICES)
    changed(folder, "woo_products_update", "woo_prize_update")
    done = devskyy(tmp_path, *command, DEVSKYY_AGENTS_DIR=str(folder))
    assert done.returncode not in {0, 1}
    assert f"{folder}/{PRICES}:17: there is no tool woo_prize_update" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if command == ("stdio",):
        checked = devskyy(tmp_path, "agents", "check", DEVSKYY_AGENTS_DIR=str(folder))
        assert (checked.returncode, "woo_prize_update" in checked.stderr) == (1, True)


@pytest.mark.requirement("agents:switched-off")
def test_tools_that_are_switched_off_hide_an_agent_and_stop_nothing(tmp_path: Path) -> None:
    app = build(settings_for(tmp_path, enable_3d_pipeline=False), agents=FILES)
    agents = app.services.get(Agents)
    assert agents.agents["model-clerk"].off == (
        "three_d_models_check",
        "three_d_models_read",
        "three_d_products_attach",
    )
    assert "model-clerk" not in app.registry.prompts
    assert "price-clerk" in app.registry.prompts
    with pytest.raises(Refused) as caught:
        agents.get("model-clerk")
    assert "3 of its 4 tools" in caught.value.hint
    whole = build(settings_for(tmp_path), agents=FILES)
    assert "model-clerk" in whole.registry.prompts


def test_authors_are_advised(folder: Path) -> None:
    changed(folder, "approve: [woo_products_update]", "approve: [woo_orders_get]")
    changed(folder, "    - woo_products_get\n", "    - woo_products_update\n")
    changed(folder, "Use when", "Used where")
    shutil.copy(folder / PRICES, folder / "commerce/price-twin.md")
    changed(folder, "name: price-clerk", "name: price-twin", "commerce/price-twin.md")
    wrong, advice = look(sources(folder, "agents"), known())
    assert wrong == []
    said = "\n".join(advice)
    for one in (
        "description does not say “Use when …”",
        "woo_products_update changes things (write) and is under allow",
        "woo_orders_get only reads and is under approve",
        "woo_orders_get gives texts of customers or the web, and trust.reads_untrusted is not true",
        "100% of its tools are those of agents/commerce/price-twin.md",
    ):
        assert one in said
