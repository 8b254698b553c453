"""The renderer by OpenGL 3.3 without a screen: EGL, on a graphics card or on Mesa's llvmpipe."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import light
from .scene import Camera, Scene

TEXTURE_EDGE = 2048
_VERTEX = """
#version 330
uniform mat3 axes; uniform vec3 center; uniform vec4 lens;  // focus, distance, near, far
in vec3 position; in vec3 normal; in vec2 uv;
out vec3 facing; out vec2 at;
void main() {
    vec3 local = (position - center) * axes;
    float depth = lens.y - local.z;
    facing = normal * axes;
    at = uv;
    float deep = (depth * (lens.w + lens.z) - 2.0 * lens.w * lens.z) / (lens.w - lens.z);
    gl_Position = vec4(local.xy * lens.x, deep, depth);
}
"""
_FRAGMENT = f"""
#version 330
uniform sampler2D texels; uniform vec4 base; uniform vec3 gloss;  // exponent, strength, metallic
uniform float cut;
in vec3 facing; in vec2 at; out vec4 color;
void main() {{
    vec4 texel = texture(texels, at);
    if (texel.a * base.a < cut) discard;
    vec3 n = normalize(facing);
    if (!gl_FrontFacing) n = -n;
    vec3 albedo = base.rgb * texel.rgb;
    float key = max(dot(n, vec3{light.KEY_FROM}), 0.0);
    float fill = max(dot(n, vec3{light.FILL_FROM}), 0.0);
    float around = mix({light.FLOOR}, {light.SKY}, n.y * 0.5 + 0.5);
    vec3 sum = albedo * (around + key * {light.KEY} + fill * {light.FILL}) * (1.0 - gloss.z);
    if (gloss.y > 0.0) {{
        vec3 mirror = mix(vec3(0.04), albedo, gloss.z);
        float spot = pow(max(dot(n, vec3{light.HALF}), 0.0), gloss.x) * key * gloss.y;
        float up = clamp(2.0 * n.z * n.y + 0.4, 0.0, 1.0);
        sum += mirror * (spot + (0.3 + 0.65 * up * up * (3.0 - 2.0 * up)) * max(gloss.z, 0.5));
    }}
    sum = min(sum, 1.0);
    vec3 coded = mix(1.055 * pow(sum, vec3(1.0 / 2.4)) - 0.055, sum * 12.92, lessThanEqual(sum, vec3(0.0031308)));
    color = vec4(coded, 1.0);
}}
"""
_SRGB8_ALPHA8 = 0x8C43


class EglRenderer:
    """Draws one scene at one size.

    Raises:
        OSError: when the machine has no EGL.
    """

    name = "egl"

    def __init__(self, scene: Scene, size: int) -> None:
        import moderngl

        create: Any = moderngl.create_context  # its stub takes no backend's name
        try:
            self._gl: Any = create(standalone=True, backend="egl", require=330)
        except Exception as missing:  # glcontext raises bare exceptions for each thing that may be away
            raise OSError("no EGL") from missing
        self._scene, self._size = scene, size
        program = self._program = self._gl.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        rows = np.concatenate((scene.positions, scene.normals, scene.uvs), 1).astype("f4")
        vertices, indices = self._gl.buffer(rows.tobytes()), self._gl.buffer(scene.triangles.astype("u4").tobytes())
        layout = [(vertices, "3f 3f 2f", "position", "normal", "uv")]
        self._mesh = self._gl.vertex_array(program, layout, index_buffer=indices, index_element_size=4)
        self._textures = [self._uploaded(one) for one in scene.textures]
        edges, shape = np.flatnonzero(np.diff(scene.owners)) + 1, (size, size)
        self._runs = list(zip([0, *edges.tolist()], [*edges.tolist(), len(scene.owners)], strict=True))
        many = min(4, self._gl.max_samples)
        self._drawn = self._gl.framebuffer(
            [self._gl.renderbuffer(shape, 4, samples=many)], self._gl.depth_renderbuffer(shape, samples=many)
        )
        self._plain = self._gl.framebuffer([self._gl.renderbuffer(shape, 4)])
        self._radius = float(np.linalg.norm(scene.high - scene.low)) / 2

    def _uploaded(self, texture: NDArray[np.uint8] | None) -> Any:
        if texture is None:
            texture = np.full((1, 1, 4), 255, np.uint8)
        factor = -(-max(texture.shape[:2]) // TEXTURE_EDGE)
        if factor > 1:
            texture = np.asarray(Image.fromarray(texture).reduce(factor))
        content = np.ascontiguousarray(texture).tobytes()
        made = self._gl.texture(texture.shape[1::-1], 4, content, internal_format=_SRGB8_ALPHA8)
        made.build_mipmaps()
        made.anisotropy = 4.0
        return made

    def draw(self, camera: Camera) -> NDArray[np.uint8]:
        """The picture, (size, size, 4), sRGB with straight alpha."""
        gl, program = self._gl, self._program
        near = max(camera.distance - self._radius * 1.01, camera.distance * 0.01)
        program["axes"].write(camera.axes.astype("f4").tobytes())
        program["center"].value = tuple(camera.center)
        program["lens"].value = (camera.focus, camera.distance, near, camera.distance + self._radius * 1.01)
        self._drawn.use()
        self._drawn.clear(0, 0, 0, 0)
        gl.enable(gl.DEPTH_TEST)
        for first, last in self._runs:
            number = int(self._scene.owners[first])
            material = self._scene.materials[number]
            (gl.disable if material.double_sided else gl.enable)(gl.CULL_FACE)
            self._textures[number].use(0)
            program["base"].value = material.color
            program["cut"].value = light.cut(material)
            program["gloss"].value = (*light.shine(material), material.metallic)
            self._mesh.render(vertices=(last - first) * 3, first=first * 3)
        gl.copy_framebuffer(self._plain, self._drawn)
        read = self._plain.read(components=4)
        picture = np.frombuffer(read, np.uint8).reshape(self._size, self._size, 4)[::-1]
        return _straight(picture)

    def close(self) -> None:
        """Let go of the context and all that it holds."""
        self._gl.release()


def _straight(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours of pixels at the edge as they are where nothing is behind them: each sample that missed counted 0."""
    straight = picture.copy()
    edge = (picture[:, :, 3] > 0) & (picture[:, :, 3] < 255)
    some = picture[edge].astype(np.float32)
    straight[edge, :3] = np.minimum(some[:, :3] * (255 / some[:, 3:]), 255).astype(np.uint8)
    return straight
