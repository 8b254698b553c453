"""What the tools make when all goes well, and what they say of it."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from PIL import Image

from devskyy_mcp.capability import Registry
from devskyy_mcp.invoke import Call
from devskyy_mcp.ops.doctor import Checks
from tests.fakes import google_media, openai_media
from tests.fakes.made import mp4

from .generating import ME, Atelier, atelier, hurry, words

__all__ = ["hurry"]
pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with atelier(tmp_path) as made:
        yield made


@pytest.mark.requirement("generators:made")
async def test_openai_paints_all_pictures_in_one_request(here: Atelier) -> None:
    prompt = words()
    made = await here.made("media_pictures_generate", prompt=prompt, provider="openai", shape="portrait", count=3)
    assert [one["content_type"] for one in made["files"]] == ["image/png"] * 3
    assert all(one["shown"] and (one["width"], one["height"]) == (64, 48) for one in made["files"])
    assert made["cost_usd"] == pytest.approx(openai_media.COST / 1e6)
    asked = here.openai.asked[0]
    assert (asked["n"], asked["size"], asked["quality"]) == (3, "1024x1536", "medium")
    made_by = await here.provenance(made["files"][0]["asset"])
    assert (made_by["provider"], made_by["model"], made_by["prompt"]) == ("openai", "gpt-image-2.5-flare", prompt)
    assert made_by["parameters"]["digital_source_type"] == "trainedAlgorithmicMedia"
    assert "OpenAI" in made_by["licence"]


@pytest.mark.requirement("generators:made")
async def test_openai_edits_pictures_that_have_lost_their_metadata(here: Atelier) -> None:
    sources = [await here.asset(1), await here.asset(2)]
    made = await here.made("media_pictures_generate", prompt=words(), provider="openai", pictures=sources)
    asked = here.openai.asked[0]
    assert [(name, kind) for name, kind, _ in asked["pictures"]] == [("image[]", "image/jpeg")] * 2
    made_by = await here.provenance(made["files"][0]["asset"])
    assert made_by["sources"] == [one.removeprefix("ast_") for one in sources]
    assert made_by["parameters"]["digital_source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert made_by["model"] == "gpt-image-2.5-sunburst"


@pytest.mark.requirement("generators:made")
async def test_google_paints_one_picture_a_request(here: Atelier) -> None:
    source = await here.asset()
    made = await here.made("media_pictures_generate", prompt=words(), provider="google", pictures=[source], count=2)
    assert len(made["files"]) == 2
    assert made["cost_usd"] == pytest.approx(2 * google_media.COST / 1e6)
    parts = here.google.asked[0]["contents"][0]["parts"]
    assert parts[1]["inlineData"]["mime_type"] == "image/jpeg"
    assert here.google.asked[0]["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "1K"}


@pytest.mark.requirement("generators:made")
async def test_what_was_paid_for_is_given_though_the_rest_is_refused(here: Atelier) -> None:
    here.google.runs = ["", "blocked"]
    made = await here.made("media_pictures_generate", prompt=words(), provider="google", count=3)
    assert len(made["files"]) == 1
    assert made["note"].startswith("1 of 3 were made. Google refuses it by its content policy")


@pytest.mark.requirement("generators:made")
async def test_auto_takes_who_has_a_key(tmp_path: Path) -> None:
    async with atelier(tmp_path, openai_api_key=None) as here:
        made = await here.made("media_pictures_generate", prompt=words())
    assert made["provider"] == "google"


@pytest.mark.requirement("generators:made")
@pytest.mark.parametrize("outputs", ["url", "data"])
async def test_fashn_tries_on(here: Atelier, outputs: str) -> None:
    here.fashn.outputs = outputs
    garment, person = await here.asset(1), await here.asset(2)
    made = await here.made("media_garments_render", action="try_on", asset=garment, person=person, count=2)
    assert len(made["files"]) == 2
    assert made["cost_usd"] == pytest.approx(2 * 0.075)
    run = here.fashn.predictions[0]
    assert run.model_name == "tryon-max"
    assert run.inputs["product_image"].startswith("data:image/jpeg;base64,")
    assert run.inputs["product_image"] != run.inputs["model_image"]
    assert (run.inputs["num_images"], run.inputs["generation_mode"]) == (2, "balanced")
    made_by = await here.provenance(made["files"][0]["asset"])
    assert made_by["parameters"]["task"] == "0-u1"
    assert made_by["cost_usd"] == pytest.approx(0.15)


WAYS: list[tuple[str, dict[str, str], str, set[str]]] = [
    ("product_to_model", {}, "product-to-model", {"product_image"}),
    ("model_swap", {"prompt": "a man of sixty"}, "model-swap", {"model_image", "prompt"}),
    ("background_change", {"prompt": "a beach"}, "background-change", {"image", "prompt"}),
    ("reframe", {"aspect": "4:5"}, "reframe", {"image", "aspect_ratio"}),
    ("edit", {"prompt": "roll up the sleeves"}, "edit", {"image", "prompt"}),
    ("packshot", {"size": "2k", "quality": "best"}, "packshot", {"product_image"}),
]


@pytest.mark.requirement("generators:made")
@pytest.mark.parametrize(("action", "more", "model", "inputs"), WAYS)
async def test_fashn_actions(here: Atelier, action: str, more: dict[str, str], model: str, inputs: set[str]) -> None:
    await here.made("media_garments_render", action=action, asset=await here.asset(), **more)
    run = here.fashn.predictions[0]
    assert run.model_name == model
    assert inputs <= set(run.inputs) <= inputs | {"output_format", "generation_mode", "resolution"}


@pytest.mark.requirement("generators:made")
@pytest.mark.parametrize("inline", [False, True])
async def test_google_films(here: Atelier, inline: bool) -> None:
    here.google.inline = inline
    made = await here.made("media_films_generate", prompt=words(), asset=await here.asset(), seconds=8)
    (film,) = made["files"]
    assert (film["content_type"], film["size"]) == ("video/mp4", len(mp4()))
    body = here.google.films[0].body
    assert body["background"] is True
    assert body["response_format"] == {
        "type": "video", "aspect_ratio": "9:16", "resolution": "720p", "duration": "8s", "delivery": "uri"
    }  # fmt: skip
    assert [one["type"] for one in body["input"][0]["content"]] == ["text", "image"]


@pytest.mark.requirement("generators:made")
async def test_fashn_films(here: Atelier) -> None:
    made = await here.made("media_films_generate", asset=await here.asset(), provider="fashn", resolution="1080p")
    assert made["files"][0]["content_type"] == "video/mp4"
    assert here.fashn.predictions[0].inputs["duration"] == 5


@pytest.mark.requirement("generators:keys")
async def test_one_tool_lists_all_providers(tmp_path: Path) -> None:
    async with atelier(tmp_path, openai_api_key=None) as here:
        told = (await here.app.road.invoke(Call(ME, "three_d_providers_list", {}, "cli"))).data
    found = {one["name"]: one for one in told["providers"]}
    assert set(found) == {"fashn", "google", "meshy", "openai", "tripo"}
    assert (found["fashn"]["configured"], found["fashn"]["credits_left"]) == (True, 234)
    assert (found["google"]["configured"], found["google"].get("credits_left")) == (True, None)
    assert (found["openai"]["configured"], found["openai"]["needs"]) == (
        False,
        "OPENAI_API_KEY, from https://platform.openai.com",
    )
    assert "media_*" in told["local"]


@pytest.mark.requirement("generators:keys")
async def test_the_doctor_tries_the_keys(tmp_path: Path) -> None:
    async with atelier(tmp_path / "right") as here:
        said = await examined(here)
    for expected in ("FASHN accepts the key, and has 234", "OpenAI accepts the key.", "Google accepts the key."):
        assert any(expected in one for one in said), said
    wrong = dict.fromkeys(("fashn_api_key", "openai_api_key", "google_api_key"), "wrong")
    async with atelier(tmp_path / "wrong", **wrong) as here:
        said = await examined(here)
    for title in ("FASHN", "OpenAI", "Google"):
        assert any(f"{title} does not accept the key" in one for one in said), said


async def examined(here: Atelier) -> list[str]:
    found = await here.app.services.get(Checks).run(20)
    return [one.what for name in ("fashn", "google", "openai") for one in found[name]]


async def test_switched_off(tmp_path: Path) -> None:
    async with atelier(tmp_path, enable_3d_pipeline=False) as here:
        there = {name for name in here.app.services.get(Registry).tools if name.startswith(("media_", "three_d_"))}
    assert "media_pictures_edit" in there
    assert not [name for name in there if name.endswith(("_generate", "_render")) or name.startswith("three_d_")]


async def test_a_large_picture_comes_with_a_preview(here: Atelier, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    Image.effect_noise((900, 700), 90).convert("RGB").save(out, "PNG")

    def noise(_number: int) -> bytes:
        return out.getvalue()

    monkeypatch.setattr(openai_media, "png", noise)
    made = await here.made("media_pictures_generate", prompt=words(), provider="openai")
    whole, preview = made["files"]
    assert (whole["shown"], whole["width"]) == (False, 900)
    assert preview["shown"]
    assert preview["size"] <= 180_000


REFUSED = [
    ("media_garments_render", {"action": "try_on"}, "try_on needs person."),
    ("media_garments_render", {"action": "edit"}, "edit needs prompt."),
    ("media_garments_render", {"action": "reframe", "aspect": "1:1", "prompt": "x"}, "reframe does not know prompt."),
    ("media_garments_render", {"action": "product_to_model", "count": 2}, "product_to_model does not know count."),
    ("media_films_generate", {"provider": "fashn", "seconds": 7}, "FASHN makes films of a picture"),
]


@pytest.mark.parametrize(("tool", "arguments", "message"), REFUSED)
async def test_what_does_not_fit_is_refused_before_it_costs(
    here: Atelier, tool: str, arguments: dict[str, object], message: str
) -> None:
    view = await here.call(tool, asset=await here.asset(), **arguments)
    assert view.error is not None
    assert view.error["code"] == "invalid_arguments"
    assert message in view.error["message"]
    assert not here.fashn.predictions
