"""USDZ as Pixar's own library reads it."""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devskyy_tools.studio.gltf.model import Material, Model
from devskyy_tools.studio.usdz import write_usdz
from tests.unit.studio.render.things import box, cloth, handbag

pxr: Any = importlib.import_module("pxr")  # no stubs
for _module in ("Usd", "UsdGeom", "UsdShade", "UsdValidation"):
    importlib.import_module(f"pxr.{_module}")
MODELS = {
    "png": handbag(40),
    "jpeg": handbag(40, cloth(64, "image/jpeg")),
    "webp": handbag(40, cloth(64, "image/webp")),
    "plain": box(),
    "no material": Model("Bare", box().parts, ()),
}


@pytest.mark.requirement("three-d:usdz")
@pytest.mark.parametrize("kind", MODELS)
def test_opens_in_usd_core(kind: str, tmp_path: Path) -> None:
    """The same box and triangles, in metres, Y up, with preview surfaces whose textures are found."""
    model, file = MODELS[kind], tmp_path / "model.usdz"
    file.write_bytes(write_usdz(model))
    stage = pxr.Usd.Stage.Open(str(file))
    geom, shade = pxr.UsdGeom, pxr.UsdShade
    assert geom.GetStageMetersPerUnit(stage) == 1
    assert geom.GetStageUpAxis(stage) == "Y"
    root = stage.GetDefaultPrim()
    found = geom.BBoxCache(pxr.Usd.TimeCode.Default(), ["default"]).ComputeWorldBound(root).ComputeAlignedRange()
    points = np.concatenate([part.positions for part in model.parts])
    assert np.allclose(found.GetMin(), points.min(0), atol=1e-6)
    assert np.allclose(found.GetMax(), points.max(0), atol=1e-6)
    meshes = [geom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(geom.Mesh)]
    assert sum(len(mesh.GetFaceVertexCountsAttr().Get()) for mesh in meshes) == sum(
        len(part.triangles) for part in model.parts
    )
    shaders = [shade.Shader(prim) for prim in stage.Traverse() if prim.IsA(shade.Shader)]
    kinds = [shader.GetIdAttr().Get() for shader in shaders]
    assert kinds.count("UsdPreviewSurface") == max(len(model.materials), 1)
    for shader in shaders:
        if shader.GetIdAttr().Get() == "UsdUVTexture":
            assert shader.GetInput("file").Get().resolvedPath
    for mesh in meshes:
        bound, _ = shade.MaterialBindingAPI(mesh.GetPrim()).ComputeBoundMaterial()
        assert bound
        assert bound.ComputeSurfaceSource()[0]


@pytest.mark.requirement("three-d:usdz")
@pytest.mark.parametrize("kind", MODELS)
def test_is_stored_and_aligned(kind: str) -> None:
    content = write_usdz(MODELS[kind])
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        assert package.namelist()[0].endswith(".usda")
        for info in package.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            head = content[info.header_offset : info.header_offset + 30]
            start = (
                info.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
            )
            assert start % 64 == 0
            if not info.filename.endswith(".usda"):
                assert Image.open(io.BytesIO(package.read(info))).format in {"PNG", "JPEG"}


def test_passes_pixars_own_validators(tmp_path: Path) -> None:
    file = tmp_path / "model.usdz"
    file.write_bytes(write_usdz(MODELS["webp"]))
    registry: Any = pxr.UsdValidation.ValidationRegistry()
    context: Any = pxr.UsdValidation.ValidationContext(registry.GetOrLoadAllValidators())
    found = context.Validate(pxr.Usd.Stage.Open(str(file)))
    assert [f"{one.GetName()}: {one.GetMessage()}" for one in found] == []


def test_the_same_model_gives_the_same_bytes() -> None:
    assert write_usdz(box()) == write_usdz(box())


def test_cut_outs_keep_their_holes(tmp_path: Path) -> None:
    masked = Model("Lace", box().parts, (Material("Lace", alpha="MASK", cutoff=0.4, color=(1, 1, 1, 0.3)),))
    file = tmp_path / "lace.usdz"
    file.write_bytes(write_usdz(masked))
    stage: Any = pxr.Usd.Stage.Open(str(file))
    surface = stage.GetPrimAtPath("/Model/Materials/M0/Surface")
    assert surface.GetAttribute("inputs:opacityThreshold").Get() == pytest.approx(0.4)
    assert surface.GetAttribute("inputs:opacity").Get() == pytest.approx(0.3)
