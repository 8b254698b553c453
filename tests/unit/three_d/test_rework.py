"""Models that are worked on further: the provider's own by its task, others by their file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.meshy import MeshyServer
from tests.fakes.paid_tasks import FBX, glb_of, png
from tests.fakes.tripo import TripoServer

from .bench import Studio

GENERATE, REWORK = "three_d_models_generate", "three_d_models_rework"


@pytest.mark.parametrize(
    ("action", "given", "path", "body"),
    [
        (
            "texture",
            {"prompt": "red silk"},
            "texture",
            {"model": "v2.5-20250123", "texture_prompt": {"text": "red silk"}},
        ),
        ("convert", {"format": "usdz"}, "convert", {"format": "USDZ"}),
        ("remesh", {"triangles": 5000}, "decimate", {"model": "v2.0", "face_limit": 5000}),
    ],
)
async def test_tripo_goes_on_from_its_own_task(
    at_tripo: Studio, tripo: TripoServer, action: str, given: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    first = await at_tripo.made(GENERATE, prompt="a bag")
    made = await at_tripo.made(REWORK, action=action, asset=first["model"]["asset"], **given)
    task = tripo.tasks[made["task"]]
    task.body.pop("texture_seed", None)
    assert (task.action, task.body) == (path, {"input": "text-to-model-0", **body})
    asset, _ = await at_tripo.stored(made["model"]["asset"])
    assert asset.content_type == ("model/vnd.usdz+zip" if action == "convert" else "model/gltf-binary")
    assert not tripo.uploads


async def test_tripo_looks_whether_it_can_be_rigged_and_then_animates(at_tripo: Studio, tripo: TripoServer) -> None:
    view = await at_tripo.run(GENERATE, prompt="a person")
    moving = await at_tripo.run(REWORK, action="animate", job=view.job, animation="run")
    assert moving.state == "succeeded", moving
    _, check, rig, animated = tripo.tasks.values()
    assert (check.action, rig.action, animated.action) == ("rig-check", "rig", "retarget")
    assert rig.body == {"input": "text-to-model-0", "out_format": "glb", "rig_type": "biped"}
    assert (animated.body["input"], animated.body["animation"]) == (rig.id, "preset:run")
    assert moving.estimate_usd == 0.35
    tripo.riggable = False
    error = await at_tripo.failed(REWORK, action="rig", job=view.job)
    assert "no body in this model" in error["message"]
    assert len(tripo.tasks) == 5, "no rig was paid for"


async def test_a_file_of_ours_is_lent_to_tripo(at_tripo: Studio, tripo: TripoServer) -> None:
    model, look = await at_tripo.asset(glb_of("mine"), "mine.glb"), await at_tripo.asset(png())
    await at_tripo.made(REWORK, action="texture", asset=model.id, picture=look.id)
    imported, texture = tripo.tasks.values()
    assert (imported.action, imported.body) == ("import", {"input": "file_1"})
    assert (texture.body["input"], texture.body["texture_prompt"]) == (imported.id, {"image": "file_2"})
    assert tripo.uploads[0] == ("mine.glb", glb_of("mine"))


@pytest.mark.parametrize(
    ("action", "given", "path", "body"),
    [
        ("texture", {"prompt": "red silk"}, "retexture", {"text_style_prompt": "red silk", "enable_pbr": True}),
        ("convert", {"format": "fbx"}, "remesh", {"target_formats": ["fbx"], "convert_format_only": True}),
        ("rig", {}, "rigging", {}),
    ],
)
async def test_meshy_goes_on_from_its_own_task(
    at_meshy: Studio, meshy: MeshyServer, action: str, given: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    first = await at_meshy.made(GENERATE, prompt="a bag", texture=False)
    made = await at_meshy.made(REWORK, action=action, asset=first["model"]["asset"], **given)
    task = meshy.tasks[made["task"]]
    assert (task.action, task.body) == (path, {"input_task_id": "text-to-3d-0", **body})
    if action == "convert":
        asset, content = await at_meshy.stored(made["model"]["asset"])
        assert (asset.name, content) == ("model.fbx", FBX)


async def test_meshy_takes_a_file_as_data(at_meshy: Studio, meshy: MeshyServer) -> None:
    model = await at_meshy.asset(glb_of("mine"), "mine.glb")
    await at_meshy.made(REWORK, action="remesh", asset=model.id, triangles=5000)
    (task,) = meshy.tasks.values()
    assert task.body["model_url"].startswith("data:application/octet-stream;base64,Z2xURg")
    assert task.body["target_polycount"] == 5000


async def test_meshys_rig_comes_with_two_animations(at_meshy: Studio, meshy: MeshyServer) -> None:
    person = await at_meshy.made(GENERATE, prompt="a person", texture=False)
    walking = await at_meshy.made(REWORK, action="animate", asset=person["model"]["asset"])
    assert (await at_meshy.stored(walking["model"]["asset"]))[1] == glb_of("walking-rigging-1.glb")
    dancing = await at_meshy.made(REWORK, action="animate", asset=walking["model"]["asset"], animation="92")
    assert [task.action for task in meshy.tasks.values()] == ["text-to-3d", "rigging", "animations"]
    assert meshy.tasks[dancing["task"]].body == {"rig_task_id": "rigging-1", "action_id": 92}
    error = await at_meshy.failed(REWORK, action="animate", asset=person["model"]["asset"], animation="dance")
    assert "walk, run, or a number" in error["hint"]


@pytest.mark.parametrize("given", [{}, {"asset": "ast_1", "job": "job_1"}, {"asset": "ast_1"}, {"job": "job_none"}])
async def test_the_model_must_be_there(at_tripo: Studio, tripo: TripoServer, given: dict[str, Any]) -> None:
    error = await at_tripo.failed(REWORK, action="remesh", **given)
    assert error["code"] in {"invalid_arguments", "not_found"}
    assert not tripo.tasks


async def test_a_look_is_needed_for_meshys_texture(at_meshy: Studio, meshy: MeshyServer) -> None:
    model = await at_meshy.asset(glb_of("mine"), "mine.glb")
    assert (await at_meshy.failed(REWORK, action="texture", asset=model.id))["code"] == "invalid_arguments"
    assert not meshy.tasks
