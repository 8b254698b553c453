"""The plugin's pages in Chromium under a strict policy: the model turns, no other host is asked, no error is said."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from devskyy_tools.studio.gltf.container import pack, unpack
from tests.fakes.models3d import picture, textured, usdz
from tests.wordpress.bed import Bed
from tests.wordpress.pages import browser, site
from tests.wordpress.test_plugin import upload

__all__ = ["site"]
pytestmark = [
    pytest.mark.debian(
        "php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl chromium"
    ),
    pytest.mark.requirement("plugin:viewer"),
    pytest.mark.timeout(300),
]
EXTENSION = "EXT_meshopt_compression"
SHOWN = """() => customElements.whenDefined('model-viewer').then(() => new Promise((done, failed) => {
    const viewer = document.querySelector('model-viewer');
    viewer.addEventListener('error', event => failed(new Error(JSON.stringify(event.detail))));
    viewer.modelIsVisible ? done() : viewer.addEventListener('poster-dismissed', done, { once: true });
}))"""
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"""
TURNED = """() => new Promise(done => {
    const viewer = document.querySelector('model-viewer');
    const at = () => viewer.getCameraOrbit().theta;
    const look = () => at() ? done(at()) : requestAnimationFrame(look);
    look();
})"""
AT_EASE = """async () => {
    const viewer = document.querySelector('model-viewer');
    viewer.cameraOrbit = '35deg 75deg auto';
    await viewer.updateComplete;
    viewer.jumpCameraToGoal();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
}"""
DRAWN = "() => document.querySelector('model-viewer').toDataURL('image/png')"


def compressed() -> bytes:
    """The box with its arrays as EXT_meshopt_compression keeps them."""
    import meshopt  # pyright: ignore[reportMissingTypeStubs]

    tree, binary = unpack(textured())
    file = bytearray(binary)
    used = {accessor["bufferView"]: accessor for accessor in tree["accessors"]}
    plain = tree["buffers"][0]["byteLength"]
    tree["buffers"].append({"byteLength": plain, "extensions": {EXTENSION: {"fallback": True}}})
    for number, accessor in used.items():
        view = tree["bufferViews"][number]
        indices = accessor["type"] == "SCALAR"
        count, width = accessor["count"], view["byteLength"] // accessor["count"]
        start = view.get("byteOffset", 0)
        content = np.frombuffer(binary[start : start + view["byteLength"]], np.uint8).reshape(count, width)
        if indices:
            content = content.view(np.uint16 if width == 2 else np.uint32).reshape(-1)
        mode = "TRIANGLES" if indices else "ATTRIBUTES"
        packed = meshopt.encode_gltf_buffer(content, mode)
        file.extend(b"\0" * (-len(file) % 4))
        said = {"buffer": 0, "byteOffset": len(file), "byteLength": len(packed), "byteStride": width, "count": count}
        file.extend(packed)
        view |= {"buffer": 1, "byteOffset": start, "extensions": {EXTENSION: {**said, "mode": mode}}}
        if not indices:
            view["byteStride"] = width
    tree["buffers"][0]["byteLength"] = len(file)
    tree["extensionsUsed"] = tree["extensionsRequired"] = [EXTENSION]
    return pack(tree, bytes(file))


def product(rest: httpx2.Client, title: str, glb: bytes, **more: Any) -> dict[str, Any]:
    """A post that stands for a product's page, with its model."""
    files = {"glb": ("box.glb", glb), "usdz": ("box.usdz", usdz()), "poster": ("box.png", picture(256).content)}
    ids = {name: upload(rest, *file).json()["id"] for name, file in files.items()}
    made = rest.post("wp/v2/posts", json={"title": title, "status": "publish", "content": "[devskyy_model]"}).json()
    body = {**ids, "kind": "generated", "alt": "A box in a soft pattern", **more}
    assert rest.put(f"devskyy/v1/models/{made['id']}", json=body).status_code == 200
    return made


async def test_a_model_turns_under_a_strict_policy(bed: Bed, rest: httpx2.Client, site: None, tmp_path: Path) -> None:
    made = product(rest, "Scarf box", textured(), ar=True)
    async with browser() as seen:
        await seen.open(made)
        await seen.page.evaluate(SHOWN)
        await seen.page.evaluate(SETTLED)
        before = await seen.page.evaluate(DRAWN)
        await seen.page.locator("model-viewer").focus()
        for _ in range(4):
            await seen.page.keyboard.press("ArrowRight")
        assert await seen.page.evaluate(TURNED) != 0
        await seen.page.evaluate(AT_EASE)
        assert await seen.page.evaluate(DRAWN) != before
        folder = Path(os.environ.get("DEVSKYY_PICTURES", tmp_path))
        await seen.page.screenshot(path=folder / "product-model.png")
    assert seen.complaints == []
    assert {re.match(r"(blob:)?https?://[^/]+|data:", one)[0] for one in seen.asked} <= {bed.url, f"blob:{bed.url}"}  # pyright: ignore[reportOptionalSubscript]
    assert not [one for one in seen.asked if "meshopt_decoder" in one], "only where WebAssembly may run"


async def test_a_compressed_model_needs_webassembly_and_nobody_else(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = product(rest, "Compressed box", compressed())
    async with browser() as seen:
        await seen.page.goto(f"{made['link']}?compiles=1")
        await seen.page.evaluate(SHOWN)
    assert seen.complaints == []
    assert [one for one in seen.asked if one.endswith("/devskyy/assets/vendor/meshopt_decoder.js")]
    assert not [one for one in seen.asked if not one.removeprefix("blob:").startswith((bed.url, "data:"))]


async def test_the_viewer_waits_until_the_model_is_in_sight(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = product(rest, "Far below", textured())
    spacer = "<p>.</p>" * 150
    rest.put(f"wp/v2/posts/{made['id']}", json={"content": f"{spacer}[devskyy_model]"})
    async with browser() as seen:
        await seen.open(made)
        await seen.page.wait_for_load_state("networkidle")
        assert not [one for one in seen.asked if one.endswith((".glb", "model-viewer.min.js"))]
        await seen.page.locator("model-viewer").scroll_into_view_if_needed()
        await seen.page.evaluate(SHOWN)
    assert [one for one in seen.asked if one.endswith(".glb")]
    assert seen.complaints == []
