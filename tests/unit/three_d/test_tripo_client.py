"""Tripo's own Python client talks to the same stand-in: what ours relies on is the wire, not our idea of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tripo3d import TripoAPIError, TripoClient  # pyright: ignore[reportMissingTypeStubs] # has none
from tripo3d.models import TaskStatus  # pyright: ignore[reportMissingTypeStubs] # has none

from tests.fakes.paid_tasks import glb_of, png
from tests.fakes.served import listening
from tests.fakes.tripo import KEY, TripoServer

pytestmark = pytest.mark.requirement("providers:official-client")


@pytest.fixture
async def client(tripo: TripoServer) -> AsyncGenerator[TripoClient]:
    async with listening(tripo.app()) as http:
        url = str(http.base_url).rstrip("/")
        tripo.files = f"{url}/files"
        async with TripoClient(api_key=KEY, v3_base_url=url) as made:
            yield made


async def test_it_makes_a_model_of_words(client: TripoClient, tripo: TripoServer, tmp_path: Path) -> None:
    name = await client.text_to_model("a leather bag", negative_prompt="logos", face_limit=20_000)
    task = await client.wait_for_task(name, polling_interval=0.1, timeout=20)
    assert (task.status, task.credits_consumed) == (TaskStatus.SUCCESS, 20)
    assert tripo.tasks[name].body == {
        "prompt": "a leather bag",
        "model": "v2.5-20250123",
        "negative_prompt": "logos",
        "face_limit": 20_000,
    }
    files = await client.download_task_models(task, str(tmp_path))
    assert Path(str(files["model"])).read_bytes() == glb_of(name)
    assert Path(str(files["rendered_image"])).read_bytes() == png()


async def test_it_lends_pictures_and_asks_for_views(client: TripoClient, tripo: TripoServer, tmp_path: Path) -> None:
    picture = tmp_path / "front.png"
    picture.write_bytes(png())
    one = await client.image_to_model(str(picture))
    two = await client.multiview_to_model([str(picture), None, str(picture), None])
    assert tripo.tasks[one].body == {"input": "file_1", "model": "v2.5-20250123"}
    assert tripo.tasks[two].body["inputs"] == ["file_2", None, "file_3", None]
    assert tripo.uploads[0] == ("front.png", png())


async def test_it_reworks_a_model(client: TripoClient, tripo: TripoServer) -> None:
    first = await client.text_to_model("a person")
    made = [
        await client.texture_model(first, text_prompt="red silk"),
        await client.convert_model(first, "USDZ"),
        await client.smart_lowpoly(first, model_version="v2.0", face_limit=5000),
        await client.check_riggable(first),
        await client.rig(first, rig_type="biped", out_format="glb"),
        await client.import_model("file_9"),
    ]
    made.append(await client.retarget(made[4], animation="preset:run", out_format="glb"))
    assert [(tripo.tasks[one].action, tripo.tasks[one].body) for one in made] == [
        ("texture", {"input": first, "model": "v2.5-20250123", "texture_prompt": {"text": "red silk"}}),
        ("convert", {"input": first, "format": "USDZ"}),
        ("decimate", {"input": first, "model": "v2.0", "face_limit": 5000}),
        ("rig-check", {"input": first}),
        ("rig", {"input": first, "rig_type": "biped", "out_format": "glb"}),
        ("import", {"input": "file_9"}),
        ("retarget", {"input": made[4], "animation": "preset:run", "out_format": "glb"}),
    ]
    check = await client.wait_for_task(made[3], polling_interval=0.1, timeout=20)
    assert (check.output.riggable, check.output.rig_type) == (True, "biped")


async def test_it_reads_the_account_and_lists(client: TripoClient, tripo: TripoServer) -> None:
    names = [await client.text_to_model(f"hat {number}") for number in range(3)]
    found = await client.list_tasks([*names, "none"])
    assert (list(found.tasks), found.missed) == (names, ["none"])
    balance = await client.get_balance()
    assert (balance.balance, balance.frozen) == (970, 30)
    assert [row.task_id for row in await client.get_usage(limit=2)] == [names[2], names[1]]
    assert tripo.key == KEY


@pytest.mark.parametrize("code", [2000, 2008, 2010])
async def test_it_reads_tripos_codes(client: TripoClient, tripo: TripoServer, code: int) -> None:
    tripo.faults["submit"] = [str(code)]
    with pytest.raises(TripoAPIError) as caught:
        await client.text_to_model("a hat")
    assert f"[{code}]" in str(caught.value)
    assert not tripo.tasks
