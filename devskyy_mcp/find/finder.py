"""Finds things by what people say: by words always, by meaning where an encoder is there."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .encoder import MODEL_SHA256, WIDTH, Encoder
from .lexical import Index

if TYPE_CHECKING:
    from .encoder import Vectors

WORDS_COUNT = 0.02
"""What a point of BM25 adds to a cosine: words decide between things that mean nearly the same."""
MOST_KEPT = 4
"""Files of vectors in one folder: installations with different packs may share it."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is known of something that can be found.

    Args:
        name: words with underscores between.
        summary: one sentence.
        details: all else that is written about it.
        arguments: names of what it takes.
        phrases: what people say when they mean it.
    """

    name: str
    summary: str
    details: str = ""
    arguments: str = ""
    phrases: tuple[str, ...] = ()

    def fields(self) -> list[tuple[str, float]]:
        """Texts with their weights, for the index of words."""
        told = [(self.name, 4.0), (self.summary, 1.0), (self.details, 1.0), (self.arguments, 0.25)]
        return told + [(phrase, 2.0) for phrase in self.phrases]

    def texts(self) -> list[str]:
        """What is encoded, each by itself."""
        head = [f"{self.name.replace('_', ' ')}: {self.summary}"] if self.summary else []
        return [*head, *self.phrases]


class Finder:
    """Ranks things by how well they fit a request. Takes seconds to make with an encoder, unless the vectors are kept.

    Args:
        things: per key.
        encoder: None to go by words alone.
        folder: where vectors are kept between processes; None for nowhere.
    """

    def __init__(self, things: Mapping[str, Thing], encoder: Encoder | None = None, folder: Path | None = None) -> None:
        self._index = Index({key: thing.fields() for key, thing in things.items()})
        self._meanings = Meanings(things, encoder, folder) if encoder and things else None

    def search(self, request: str, limit: int, among: Iterable[str]) -> list[str]:
        """The best keys among those given, best first. Words alone find only what shares a word with the request."""
        scores = self._index.scores(request)
        if self._meanings:
            near = self._meanings.near(request)
            scores = {key: nearness + WORDS_COUNT * scores.get(key, 0) for key, nearness in near.items()}
        return sorted(scores.keys() & set(among), key=lambda key: (-scores[key], key))[:limit]


class Meanings:
    """The vectors of all texts of all things."""

    def __init__(self, things: Mapping[str, Thing], encoder: Encoder, folder: Path | None) -> None:
        import numpy as np

        self._encoder = encoder
        self._keys = list(things)
        self._starts: list[int] = []
        texts = list[str]()
        for thing in things.values():
            self._starts.append(len(texts))
            texts += thing.texts()
        self._vectors = vectors_of(texts, encoder, folder)
        centres = np.add.reduceat(self._vectors, self._starts)
        self._centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)

    def near(self, request: str) -> dict[str, float]:
        """Per key how near the request is, -1 to 1: its nearest text and the centre of all its texts count alike."""
        import numpy as np

        asked = self._encoder.vectors([request])[0]
        nearest = np.maximum.reduceat(self._vectors @ asked, self._starts)
        return dict(zip(self._keys, ((nearest + self._centres @ asked) / 2).tolist(), strict=True))


def vectors_of(texts: list[str], encoder: Encoder, folder: Path | None) -> Vectors:
    """The texts' vectors, from a file in the folder where it has them; else made, and kept there."""
    digest = hashlib.sha256("\n".join([MODEL_SHA256, *texts]).encode()).hexdigest()
    return kept(folder, digest, (len(texts), WIDTH), lambda: encoder.vectors(texts))


def kept(folder: Path | None, digest: str, shape: tuple[int, int], make: Callable[[], Vectors]) -> Vectors:
    """What was made before, from a file in the folder where it has it; else made, and kept there.

    Args:
        folder: None for nowhere.
        digest: of all that it is made from.
        shape: of the array of float32.
        make: makes it.
    """
    import numpy as np

    if folder is None:
        return make()
    path = folder / f"{digest[:32]}.npy"
    try:
        found: Vectors = np.load(path, allow_pickle=False)
        if found.shape == shape and found.dtype == np.float32:
            return found
    except (OSError, ValueError, EOFError):
        pass  # not there, or cut off by whatever ended the process that wrote it
    made = make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{digest[:32]}.{os.getpid()}.part"
        with part.open("wb") as file:
            np.save(file, made)
        part.replace(path)
        newest = sorted(folder.glob("*.npy"), key=lambda one: one.stat().st_mtime, reverse=True)
        for other in newest[MOST_KEPT:]:
            other.unlink(missing_ok=True)  # of things as they were before upgrades
    except OSError as error:
        log.warning("vectors can't be kept: %s", error.strerror)
    return made
