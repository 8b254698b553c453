"""Models of words and of photos, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_mcp.invoke import Call
from devskyy_mcp.ops.doctor import Checks
from devskyy_tools.platform.pack import pack as platform
from devskyy_tools.studio.providers import meshy as meshy_client
from devskyy_tools.studio.providers import tripo as tripo_client
from devskyy_tools.three_d.generated import QUEUE
from devskyy_tools.three_d.pack import pack
from tests.fakes.meshy import MeshyServer
from tests.fakes.paid_tasks import TaskServer, glb_of, png
from tests.fakes.tripo import TripoServer

from .bench import ME, Studio, studio

GENERATE, REWORK = "three_d_models_generate", "three_d_models_rework"


@pytest.mark.requirement("providers:results")
async def test_tripo_makes_a_model_of_words(at_tripo: Studio, tripo: TripoServer) -> None:
    view = await at_tripo.run(GENERATE, prompt="a leather bag", avoid="logos", triangles=20_000)
    assert view.state == "succeeded", view
    assert (view.estimate_usd, view.cost_usd) == (0.2, 0.2)
    assert view.result is not None
    made = view.result
    assert (made["provider"], made["task"], made["credits"]) == ("tripo", "text-to-model-0", 20)
    sent = tripo.tasks["text-to-model-0"].body
    assert sent.pop("model_seed") >= 0
    assert sent == {
        "model": "v2.5-20250123",
        "prompt": "a leather bag",
        "negative_prompt": "logos",
        "face_limit": 20_000,
    }
    asset, content = await at_tripo.stored(made["model"]["asset"])
    assert content == glb_of("text-to-model-0")
    assert asset.content_type == "model/gltf-binary"
    told = asset.provenance
    assert (told["provider"], told["model"], told["prompt"]) == ("tripo", "v2.5-20250123", "a leather bag")
    assert told["cost_usd"] == 0.2
    assert told["licence"]
    assert told["parameters"]["task"] == "text-to-model-0"
    assert made["poster"]["content_type"] == "image/png"
    assert made["poster"]["shown"] is True


@pytest.mark.parametrize(
    ("views", "sent"),
    [
        (1, "file_1"),
        (2, ["file_1", None, "file_2", None]),
        (3, ["file_1", "file_2", "file_3", None]),
        (4, ["file_1", "file_2", "file_3", "file_4"]),
    ],
)
async def test_tripo_is_lent_the_photos(at_tripo: Studio, tripo: TripoServer, views: int, sent: object) -> None:
    pictures = [(await at_tripo.asset(png() + bytes([number]))).id for number in range(views)]
    made = await at_tripo.made(GENERATE, pictures=pictures, detailed=True)
    (task,) = tripo.tasks.values()
    assert (task.body.get("input") or task.body.get("inputs")) == sent
    assert task.body["texture_quality"] == "detailed"
    assert len(tripo.uploads) == views
    asset, _ = await at_tripo.stored(made["model"]["asset"])
    assert len(asset.provenance["sources"]) == views


async def test_meshy_makes_a_shape_and_then_its_texture(at_meshy: Studio, meshy: MeshyServer) -> None:
    view = await at_meshy.run(GENERATE, prompt="a leather bag", triangles=5000)
    assert view.state == "succeeded", view
    assert (view.estimate_usd, view.cost_usd) == (0.6, 0.6)
    shape, texture = meshy.tasks.values()
    assert shape.body == {
        "mode": "preview",
        "prompt": "a leather bag",
        "ai_model": "meshy-6",
        "should_remesh": True,
        "topology": "triangle",
        "target_polycount": 5000,
    }
    assert texture.body == {
        "mode": "refine",
        "preview_task_id": shape.id,
        "enable_pbr": True,
        "texture_prompt": "a leather bag",
    }
    assert view.result is not None
    assert (view.result["task"], view.result["credits"]) == (texture.id, 30)
    assert [one["content_type"] for one in view.result["others"]] == ["model/vnd.usdz+zip"]


async def test_meshy_gets_photos_as_data_and_the_journal_does_not(at_meshy: Studio, meshy: MeshyServer) -> None:
    pictures = [(await at_meshy.asset(png() + bytes([number]))).id for number in range(2)]
    view = await at_meshy.run(GENERATE, pictures=pictures, texture=False)
    assert view.state == "succeeded", view
    assert view.estimate_usd == 0.4
    (task,) = meshy.tasks.values()
    assert task.action == "multi-image-to-3d"
    assert [one[:22] for one in task.body["image_urls"]] == ["data:image/png;base64,"] * 2
    assert task.body["should_texture"] is False


async def test_the_provider_that_can_do_it_is_chosen(tmp_path: Path, tripo: TripoServer, meshy: MeshyServer) -> None:
    async with studio(tmp_path, {"tripo": tripo, "meshy": meshy}, [platform, pack]) as both:
        assert (await both.made(GENERATE, prompt="a hat"))["provider"] == "tripo"
        error = await both.failed(GENERATE, prompt="a hat", avoid="feathers", provider="meshy")
        assert error["code"] == "invalid_arguments"
        assert "can't be told what to avoid" in error["message"]
        listed = await both.app.road.invoke(_call("three_d_providers_list"))
    found = {one["name"]: one for one in listed.data["providers"]}
    assert (found["tripo"]["credits_left"], found["meshy"]["credits_left"]) == (970, 480)
    assert found["meshy"]["prices"][0] == {"action": "text-to-3d", "credits": 20, "usd": 0.4}


@pytest.mark.requirement("providers:no-key")
async def test_without_a_key_it_says_what_is_needed_and_what_works_without(tmp_path: Path) -> None:
    async with studio(tmp_path, {}, [platform, pack]) as none:
        error = await none.failed(GENERATE, prompt="a hat")
        assert error["code"] == "not_configured"
        for word in ("TRIPO_API_KEY", "MESHY_API_KEY", "three_d_reliefs_create"):
            assert word in error["hint"]
        error = await none.failed(GENERATE, prompt="a hat", provider="meshy")
        assert "MESHY_API_KEY" in error["hint"]
        assert "TRIPO" not in error["hint"]
        listed = await none.app.road.invoke(_call("three_d_providers_list"))
    assert [one["configured"] for one in listed.data["providers"]] == [False, False]
    assert "three_d_reliefs_create" in listed.data["local"]


@pytest.mark.parametrize("given", [{}, {"prompt": "a hat", "pictures": ["ast_0"]}, {"pictures": ["ast_0"]}])
async def test_what_is_asked_for_must_make_sense(
    at_tripo: Studio, tripo: TripoServer, given: dict[str, object]
) -> None:
    error = await at_tripo.failed(GENERATE, **given)
    assert error["code"] in {"invalid_arguments", "not_found"}
    assert not tripo.tasks


async def test_the_doctor_tries_the_keys(tmp_path: Path, tripo: TripoServer, meshy: MeshyServer) -> None:
    servers: dict[str, TaskServer] = {"tripo": tripo, "meshy": meshy}
    async with studio(tmp_path, servers, [platform, pack], meshy_api_key="msy_wrong") as both:
        found = [one.what for part in (await both.app.services.get(Checks).run()).values() for one in part]
    assert "Tripo accepts the key, and has 970 credits left." in found
    assert "Meshy does not accept the key in MESHY_API_KEY." in found


def test_no_more_tasks_are_under_way_than_the_providers_allow() -> None:
    (queue,) = [one for one in pack.queues if one.name == QUEUE]
    assert queue.concurrency == min(tripo_client.ABOUT.at_once, meshy_client.ABOUT.at_once)
    paid = [tool for toolset in pack.toolsets for tool in toolset.tools if tool.name in {GENERATE, REWORK}]
    assert [tool.policy.job.queue for tool in paid if tool.policy.job] == [QUEUE, QUEUE]


async def test_a_model_is_no_picture(at_tripo: Studio, tripo: TripoServer) -> None:
    model = await at_tripo.asset(glb_of("x"), "x.glb")
    error = await at_tripo.failed(GENERATE, pictures=[model.id])
    assert error["message"] == "The asset is model/gltf-binary, not a picture."
    assert not tripo.tasks


def _call(tool: str) -> Call:
    return Call(ME, tool, {}, "cli")
