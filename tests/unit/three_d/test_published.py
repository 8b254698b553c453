"""Publishing files of this server as an operation: what was lost is read, what is gone is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.changes.model import JournalOp, Outcome
from devskyy_mcp.changes.stage import Unit
from devskyy_tools.three_d.published import PublishedFiles, stage
from tests.fakes.models3d import textured

pytestmark = pytest.mark.requirement("three_d:publish")


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets(tmp_path)


@pytest.fixture
async def asset(assets: Assets) -> Asset:
    return await assets.add(textured(), "tee", "model/gltf-binary", Provenance("test"))


async def test_a_lost_answer_is_found_by_reading(assets: Assets, asset: Asset) -> None:
    op, system = stage(Unit(), asset), PublishedFiles(assets)
    assert op is not None
    item = JournalOp("chg_1", op, "sent", 0, Outcome("unknown"))
    assert [one.state for one in await system.look([item])] == ["not_sent"]
    assert [one.state for one in await system.send("chg_1", [op])] == ["done"]
    found = await system.look([item])
    assert [(one.state, one.inverse) for one in found] == [("done", {"published": False})]
    assert stage(Unit(), await assets.get(asset.id)) is None, "it is so already"


async def test_a_file_that_is_gone_is_said(assets: Assets, asset: Asset) -> None:
    op, system = stage(Unit(), asset), PublishedFiles(assets)
    assert op is not None
    await assets.drop(asset.id)
    checked = await system.check([op])
    assert [one and one.state for one in checked] == ["skipped"]
    assert [one.state for one in await system.send("chg_1", [op])] == ["failed"]
    assert [one.state for one in await system.look([JournalOp("chg_1", op, "sent", 0, Outcome("unknown"))])] == [
        "failed"
    ]


async def test_what_was_published_before_stays_so(assets: Assets, asset: Asset) -> None:
    """Another product may link it."""
    await assets.publish(asset.id)
    assert stage(Unit(), await assets.get(asset.id)) is None
    assert (await assets.get(asset.id)).published
