"""The tool that makes models small, as a surface calls it."""

from __future__ import annotations

import pytest

from devskyy_mcp.errors import Code
from devskyy_tools.studio.gltf.container import pack, unpack
from devskyy_tools.studio.gltf.validate import errors, validate_glb
from tests.fakes.models3d import ball, textured
from tests.fakes.mutants import put

from .test_drawn import Bench, bench

__all__ = ["bench"]


@pytest.mark.requirement("optimise:kept")
async def test_both_files_are_kept_with_how_they_were_made(bench: Bench) -> None:
    source = ball(48, "PNG", 512)
    model = await bench.put(source, "ball.glb")
    result = await bench.desk.do("three_d_models_optimize", asset=model, max_triangles=3000, texture_size=512)
    assert (result["size_before"], result["triangles_before"], result["issues"]) == (len(source), 9024, [])
    assert [one["mode"] for one in result["files"]] == ["universal", "compact"]
    for one in result["files"]:
        assert one["triangles"] <= 3000
        assert one["file"]["content_type"] == "model/gltf-binary"
        assert one["file"]["name"] == f"ball-{one['mode']}.glb"
        content = await bench.content(one["file"])
        assert errors(validate_glb(content)) == []
        assert len(content) == one["file"]["size"] < len(source)
        made = await bench.store.get(one["file"]["asset"])
        assert made.provenance["tool"] == "three_d_models_optimize"
        assert made.provenance["sources"] == [model.removeprefix("ast_")]
        assert made.provenance["parameters"] == {"mode": one["mode"], "max_triangles": 3000, "texture_size": 512}
    again = await bench.desk.do("three_d_models_optimize", asset=model, max_triangles=3000, texture_size=512)
    assert again == result


async def test_what_was_wrong_is_told(bench: Bench) -> None:
    tree, binary = unpack(textured())
    put("accessors", 0, "max", 1, value=0.39)(tree, bytearray(binary))
    result = await bench.desk.do("three_d_models_optimize", asset=await bench.put(pack(tree, binary)), mode="universal")
    assert [(one["code"], one["severity"]) for one in result["issues"]] == [("ACCESSOR_MAX_MISMATCH", "error")]
    assert len(result["files"]) == 1


async def test_what_is_broken_is_refused_in_words(bench: Bench) -> None:
    refused = await bench.desk.refused("three_d_models_optimize", asset=await bench.put(textured()[:-40]))
    assert refused.code is Code.INVALID_ARGUMENTS
    assert "its header says" in refused.message
    for wrong in ({"max_triangles": 5}, {"texture_size": 700}, {"mode": "tiny"}):
        assert (
            await bench.desk.refused("three_d_models_optimize", asset="ast_none", **wrong)
        ).code is Code.INVALID_ARGUMENTS
