"""Which label a text has, learned from examples by kernel ridge regression (Saunders, Gammerman & Vovk, 1998).

A text is its meaning and its letters. What was learned of a project's own examples comes in a file (``Shipped``), so
that a start neither encodes nor solves anything; examples that are not in it are learned on top of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .encoder import MODEL_SHA256, WIDTH, Encoder
from .finder import kept, vectors_of
from .foreign import in_english
from .letters import letters

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from .encoder import Vectors

    Weights = NDArray[float32]

LETTERS = 1 / 3
"""How much of a text's likeness is that of its letters, where there is an encoder."""
STEEP = 2.0
"""How much more a near example counts than a far one: e to the power of this, times the likeness."""
SMOOTH = 0.2
"""How far each example may be missed, so that one odd example decides nothing: more, the more its label has."""
STEP_VECTOR = 128
STEP_WEIGHT = 256
"""Steps of 1 that vectors and weights are kept in: errors far below what one word changes."""
Row = tuple[str, str]
"""A label and a text that has it."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What was learned of some rows.

    Args:
        rows: per row its hash.
        labels: which.
        vectors: int8, shape (rows, 384), in steps of 1/128.
        weights: with and without an encoder: int16, shape (rows, labels), in steps of 1/256.
    """

    rows: list[int]
    labels: list[str]
    vectors: Any
    weights: dict[bool, Any]

    @classmethod
    def read(cls, path: Path) -> Shipped | None:
        """From a file; None where there is none."""
        import numpy as np

        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as file:
            weights = {True: file["by_meaning"], False: file["by_words"]}
            return cls(file["rows"].tolist(), file["labels"].tolist(), file["vectors"], weights)

    @classmethod
    def learn(cls, rows: Sequence[Row], encoder: Encoder) -> Shipped:
        """Learn rows from nothing: 15 s for 4,000."""
        import numpy as np

        labels = sorted({label for label, _ in rows})
        texts = [in_english(text) for _, text in rows]
        vectors = np.rint(encoder.vectors(texts) * STEP_VECTOR).astype(np.int8)
        shipped = cls([hash_of(row) for row in rows], labels, vectors, {})
        for by_meaning in (True, False):
            features = features_of(texts, shipped.meanings() if by_meaning else None)
            learned = learn(features, wanted(rows, labels), np.zeros((0, len(labels)), np.float32))
            shipped.weights[by_meaning] = np.rint(learned * STEP_WEIGHT).astype(np.int16)
        return shipped

    def write(self, path: Path) -> None:
        import numpy as np

        np.savez_compressed(
            path,
            rows=np.array(self.rows, np.uint64),
            labels=np.array(self.labels),
            vectors=self.vectors,
            by_meaning=self.weights[True],
            by_words=self.weights[False],
        )

    def meanings(self) -> Vectors:
        """The rows' vectors."""
        import numpy as np

        return self.vectors.astype(np.float32) / STEP_VECTOR


class Learned:
    """Says how well each label fits a text.

    Args:
        rows: the examples, each once.
        encoder: None to go by letters alone.
        folder: where what had to be made is kept between processes; None for nowhere.
        shipped: what is known of rows already. It is built on where all of its rows are among these; else all is
            learned anew.

    ``rows`` are those examples in the order of their weights, ``english`` their texts as ``in_english`` gives them.
    """

    def __init__(
        self, rows: Sequence[Row], encoder: Encoder | None, folder: Path | None, shipped: Shipped | None
    ) -> None:
        import numpy as np

        self.english = {text: in_english(text) for _, text in rows}
        here = {_hash(label, self.english[text]): (label, text) for label, text in rows}
        known = shipped.rows if shipped and shipped.rows and set(shipped.rows) <= here.keys() else []
        first = set(known)
        keys = [*known, *(key for key in here if key not in first)]
        ordered = [here[key] for key in keys]
        self.labels = sorted({label for label, _ in ordered})
        self.rows = ordered
        self._encoder = encoder
        texts = [self.english[text] for _, text in ordered]
        meanings = _meanings(keys, texts, encoder, folder, shipped) if encoder else None
        self._features = features_of(texts, meanings)
        before = np.zeros((len(known), len(self.labels)), np.float32)
        if shipped and known:
            columns = [self.labels.index(label) for label in shipped.labels]
            before[:, columns] = shipped.weights[encoder is not None].astype(np.float32) / STEP_WEIGHT
        self._weights = before
        if len(ordered) > len(known):
            size = (len(ordered), len(self.labels))
            by = MODEL_SHA256 if encoder else ""
            key = hashlib.sha256(repr((ordered, texts, len(known), by, LETTERS, STEEP, SMOOTH)).encode())
            key.update(before.tobytes())
            target = wanted(ordered, self.labels)
            self._weights = kept(
                folder and folder / "weights", key.hexdigest(), size, lambda: learn(self._features, target, before)
            )

    def fit(self, text: str) -> tuple[dict[str, float], Vectors]:
        """Per label how well it fits, about 0 to 1; and the likeness of each row to the text, -1 to 1."""
        text = in_english(text)
        meaning = self._encoder.vectors([text]) if self._encoder else None
        likeness = self._features @ features_of([text], meaning)[0]
        values = kernel(likeness) @ self._weights
        return dict(zip(self.labels, values.tolist(), strict=True)), likeness


def hash_of(row: Row) -> int:
    """64 bits that stand for a row, as it is learned."""
    label, text = row
    return _hash(label, in_english(text))


def _hash(label: str, english: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{label}\0{english}".encode()).digest()[:8])


def wanted(rows: Sequence[Row], labels: Sequence[str]) -> Weights:
    """1 where a row has a label, else 0; shape (rows, labels)."""
    import numpy as np

    return np.array([[label == one for one in labels] for label, _ in rows], np.float32)


def features_of(texts: Sequence[str], meanings: Vectors | None) -> Vectors:
    """Unit vectors of meaning and letters together; texts as ``in_english`` gives them."""
    import numpy as np

    spelt = letters(texts)
    return spelt if meanings is None else np.hstack([meanings * (1 - LETTERS) ** 0.5, spelt * LETTERS**0.5])


def kernel(likeness: Vectors) -> Vectors:
    """How much an example counts that is as like as that."""
    import numpy as np

    return np.exp(STEEP * (likeness - 1))


def learn(features: Vectors, target: Weights, before: Weights) -> Weights:
    """Weights of all rows: those of the first stay as they were, the others make up for what these get wrong."""
    import numpy as np

    known = len(before)
    old, new = features[:known], features[known:]
    missed = target[known:] - kernel(new @ old.T) @ before
    count = target.sum(0)
    smooth = SMOOTH * np.sqrt(target[known:] @ count / count.mean())
    found = np.linalg.solve(kernel(new @ new.T) + np.diag(smooth), missed)
    return np.vstack([before, found]).astype(np.float32)


def _meanings(
    keys: Sequence[int], texts: Sequence[str], encoder: Encoder, folder: Path | None, shipped: Shipped | None
) -> Vectors:
    import numpy as np

    found = np.zeros((len(keys), WIDTH), np.float32)
    missing = list(range(len(keys)))
    if shipped:
        at = {key: place for place, key in enumerate(shipped.rows)}
        places = [at.get(key, -1) for key in keys]
        there = [index for index in missing if places[index] >= 0]
        missing = [index for index in missing if places[index] < 0]
        found[there] = shipped.meanings()[[places[index] for index in there]]
    if missing:
        found[missing] = vectors_of([texts[index] for index in missing], encoder, folder)
    return found
