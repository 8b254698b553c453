"""Light and colour of a picture, corrected as a camera's raw file would be: in linear light."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from devskyy_mcp.errors import Code, Refused

from .colour import Floats, linear, srgb
from .steps import Adjust
from .subject import ground_of

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_NORM = 6
"""Minkowski's p of the shades-of-grey estimate of the light (Finlayson and Trezzi, 2004)."""
_MOST = 1.6
"""How much one colour is strengthened or weakened at most."""


def adjust(image: Image.Image, step: Adjust) -> tuple[Image.Image, str]:
    """Light and colour. Exposure and white balance count in linear light; contrast turns about middle grey."""
    if not (step.exposure or step.white_balance or step.contrast or step.saturation):
        raise Refused(
            Code.INVALID_ARGUMENTS, "Nothing to adjust.", "Give exposure, white_balance, contrast or saturation."
        )
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB")
    gains = _balance(image) if step.white_balance else np.ones(3)
    light = np.outer(gains * 2.0**step.exposure, linear(np.arange(256.0)))
    tone = (srgb(light.clip(0, 1)) - 127.5) * (1 + step.contrast / 100) + 127.5
    base = base.point([int(level) for level in tone.round().clip(0, 255).ravel()])
    if step.saturation:
        base = ImageEnhance.Color(base).enhance(1 + step.saturation / 100)
    if alpha:
        base.putalpha(alpha)
    said = [f"exposure {step.exposure:+g} stops"] if step.exposure else []
    said += [f"white balance red × {gains[0]:.2f}, blue × {gains[2]:.2f}"] if step.white_balance else []
    said += [f"contrast {step.contrast:+g}"] if step.contrast else []
    said += [f"saturation {step.saturation:+g}"] if step.saturation else []
    return base, ", ".join(said)


def _balance(image: Image.Image) -> Floats:
    """Gains of red, green and blue that make the light neutral: by a bright plain background where there is one, which
    is meant to be white or grey, else by the shades-of-grey estimate. The picture stays as bright as it was.
    """
    ground, spread = ground_of(image)
    if image.mode == "RGB" and spread < 6 and min(ground) > 140:
        light = linear(np.array(ground, dtype=np.float64))
    else:
        pixels = np.asarray(image.convert("RGBA").resize((96, 96), Image.Resampling.BOX)).reshape(-1, 4)
        seen = linear(pixels[pixels[:, 3] > 127][:, :3].astype(np.float64))
        light = (seen**_NORM).mean(axis=0) ** (1 / _NORM) if len(seen) else np.ones(3)
    gains = np.clip(light[1] / np.maximum(light, 1e-4), 1 / _MOST, _MOST)
    return gains * (float(_LUMA @ light) / max(1e-6, float(_LUMA @ (light * gains))))
