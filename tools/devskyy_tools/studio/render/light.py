"""The studio's light, which both renderers use: it stands by the camera, so the model turns and the light stays.

A wide sky above and a bright floor, a key light from the upper left, a weak fill from the right. What faces the camera
gets nine tenths of white, so that white cloth keeps its folds.
"""

from __future__ import annotations

import math

import numpy as np

from ..gltf.model import Material

SKY, FLOOR = 0.56, 0.36
KEY, FILL = 0.46, 0.16


def _unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


KEY_FROM = _unit(-0.38, 0.55, 0.75)
FILL_FROM = _unit(0.75, 0.1, 0.65)
HALF = _unit(KEY_FROM[0], KEY_FROM[1], KEY_FROM[2] + 1)
"""Between the key light and the camera: normals there shine."""
MATT = 0.85
"""Cloth and the like: rougher than this shows no highlight that could be seen."""


def shine(material: Material) -> tuple[float, float]:
    """The exponent of Blinn and Phong's highlight and its strength; strength 0 where there is none."""
    if material.roughness > MATT and material.metallic < 0.01:
        return 1.0, 0.0
    exponent = min(max(2 / max(material.roughness, 0.1) ** 4 - 2, 1.0), 400.0)
    return exponent, KEY * (exponent + 8) / 8


def cut(material: Material) -> float:
    """The alpha below which nothing is drawn. What is half transparent is drawn whole: no renderer of ours sorts."""
    return {"OPAQUE": 0.0, "MASK": material.cutoff, "BLEND": 0.1}[material.alpha]


def encoding() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bytes of sRGB for 4096 steps of linear light (IEC 61966-2-1)."""
    linear = np.linspace(0, 1, 4096)
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)


def decoding() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Linear light of the 256 sRGB bytes."""
    coded = np.arange(256) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(np.float32)
