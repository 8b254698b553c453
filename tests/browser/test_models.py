"""Models that we made small, in the viewers that shops use: three.js and model-viewer, in Chromium, offline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devskyy_tools.studio.gltf.optimise import Mode, optimise_glb
from tests.conformance.suite import install
from tests.fakes import models3d
from tests.fakes.khronos import ORACLES

from .walk import chromium

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Request

pytestmark = [pytest.mark.debian("chromium"), pytest.mark.requirement("optimise:opens"), pytest.mark.timeout(300)]

SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
"""WebGL without a graphics card."""
MODES: tuple[Mode, ...] = ("universal", "compact")
THREE = """<!doctype html><canvas id="at" width="256" height="256"></canvas>
<script type="importmap">{"imports": {"three": "/node_modules/three/build/three.module.js"}}</script>
<script type="module">
import * as THREE from "three";
import { GLTFLoader } from "/node_modules/three/examples/jsm/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "/node_modules/meshoptimizer/meshopt_decoder.mjs";
const renderer = new THREE.WebGLRenderer({ canvas: document.getElementById("at"), preserveDrawingBuffer: true });
new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).load(location.hash.slice(1), (model) => {
  const scene = new THREE.Scene().add(model.scene, new THREE.AmbientLight(0xffffff, 3));
  const box = new THREE.Box3().setFromObject(model.scene, true);
  const middle = box.getCenter(new THREE.Vector3()), size = box.getSize(new THREE.Vector3());
  const camera = new THREE.PerspectiveCamera(40, 1, 0.01, 100);
  camera.position.copy(middle).z += 2 * size.length();
  camera.lookAt(middle);
  renderer.render(scene, camera);
  const pixel = new Uint8Array(4), gl = renderer.getContext();
  gl.readPixels(128, 128, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  let textures = 0;
  model.scene.traverse((one) => { textures += one.material?.map?.image?.width > 0 ? 1 : 0; });
  window.done = { triangles: renderer.info.render.triangles, size: size.toArray(), pixel: [...pixel], textures };
}, undefined, (error) => { window.done = { error: String(error) }; });
</script>"""
VIEWER = """<!doctype html><script type="module">
import { ModelViewerElement } from "/model-viewer.js";
ModelViewerElement.meshoptDecoderLocation = "/node_modules/meshoptimizer/meshopt_decoder.cjs";
const viewer = document.createElement("model-viewer");
viewer.addEventListener("load", () => {
  const { x, y, z } = viewer.getDimensions();
  window.done = { size: [x, y, z], materials: viewer.model.materials.length, variants: viewer.availableVariants };
});
viewer.addEventListener("error", (event) => { window.done = { error: String(event.detail?.type) }; });
viewer.style = "width: 256px; height: 256px";
viewer.loading = "eager";
viewer.src = location.hash.slice(1);
document.body.append(viewer);
</script>"""


class _Files(SimpleHTTPRequestHandler):
    """Scripts as browsers take them, and nothing in the log."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".cjs": "text/javascript", ".mjs": "text/javascript"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # its own name
        pass


@contextmanager
def _serving(folder: Path) -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
async def site(tmp_path: Path) -> Any:
    await asyncio.to_thread(install, ORACLES)
    (tmp_path / "node_modules").symlink_to(ORACLES / "node_modules")
    bundled = ORACLES / "node_modules/@google/model-viewer/dist/model-viewer.min.js"
    (tmp_path / "model-viewer.js").write_bytes(bundled.read_bytes())
    (tmp_path / "three.html").write_text(THREE)
    (tmp_path / "viewer.html").write_text(VIEWER)
    (tmp_path / "favicon.ico").write_bytes(b"")
    for mode in MODES:
        for name, content in {"ball": models3d.ball(40, "JPEG", 512), "variants": models3d.variants()}.items():
            (tmp_path / f"{name}-{mode}.glb").write_bytes(optimise_glb(content, mode).content)
    with _serving(tmp_path) as url:
        yield url


async def _shown(url: str, path: str) -> dict[str, Any]:
    """What the page says of the model that it opened; nothing else may be asked for, and nothing go wrong."""
    async with chromium(flags=SOFTWARE, bypass_csp=False) as page:
        wrong: list[str] = []

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                wrong.append(message.text)

        def asked(request: Request) -> None:
            if not request.url.startswith((url, "blob:", "data:")):
                wrong.append(request.url)

        page.on("console", said)
        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(url + path)
        handle = await page.wait_for_function("() => window.done", timeout=90_000)
        done: dict[str, Any] = await handle.json_value()
        assert wrong == []
        return done


@pytest.mark.parametrize("mode", MODES)
async def test_three_js_draws_it(site: str, mode: Mode) -> None:
    done = await _shown(site, f"/three.html#/ball-{mode}.glb")
    assert done["triangles"] == 4 * 40 * 40 - 4 * 40
    assert done["textures"] == 1
    assert all(abs(side - 0.5) < 0.06 for side in done["size"])
    assert max(done["pixel"][:3]) > 30, "its texture is seen"


@pytest.mark.parametrize("mode", MODES)
async def test_model_viewer_opens_it(site: str, mode: Mode) -> None:
    ball = await _shown(site, f"/viewer.html#/ball-{mode}.glb")
    assert all(abs(side - 0.5) < 0.06 for side in ball["size"])
    box = await _shown(site, f"/viewer.html#/variants-{mode}.glb")
    assert box["variants"] == ["plain", "red", "blue"]
    assert all(abs(side - wanted) < 1e-3 for side, wanted in zip(box["size"], (0.3, 0.4, 0.1), strict=True))
