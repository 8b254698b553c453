"""What making models small costs and brings beside glTF Transform, and how our validator fares on fresh mutants."""

from __future__ import annotations

import random
import statistics
import time

from devskyy_tools.studio.gltf.optimise import optimise_glb
from devskyy_tools.studio.gltf.validate import errors, validate_glb
from tests.fakes import models3d, mutants
from tests.fakes.hostile import HOSTILE, alone
from tests.fakes.khronos import khronos
from tests.fakes.transform import transform

from .measure import Row

RUNS = 7
FRESH = 100


async def run() -> list[Row]:
    rows: list[Row] = []
    models = {
        "32,000 triangles, PNG of 1024 px": models3d.ball(90, "PNG", 1024),
        "14,000 triangles, JPEG of 2048 px": models3d.ball(60, "JPEG", 2048),
    }
    for name, content in models.items():
        rows += _beside(name, content)
    content = models["32,000 triangles, PNG of 1024 px"]
    started = time.process_time()
    fewer = optimise_glb(content, "compact", max_triangles=10_000)
    rows.append(Row(f"32,000 triangles to {fewer.after:,}", f"{time.process_time() - started:.2f} s of CPU", "", None))
    spent = [_spent(lambda: validate_glb(content)) for _ in range(RUNS)]
    rows.append(
        Row("checking a GLB of 1.2 MB", f"{statistics.median(spent):.0f} ms of CPU", "≤ 50 ms", max(spent) <= 50)
    )
    return [*rows, _agreement(), _hostile()]


def _spent(work: object) -> float:
    """Milliseconds of CPU time."""
    assert callable(work)
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def _beside(name: str, content: bytes) -> list[Row]:
    """Both optimisers are warm: the first run of each is left out."""
    theirs = transform(content, RUNS + 1)
    made = [optimise_glb(content, "compact").content]
    ours = [_spent(lambda: made.append(optimise_glb(content, "compact").content)) for _ in range(RUNS)]
    size, faster = len(made[0]) / len(theirs.content), statistics.median(theirs.ms[1:]) / statistics.median(ours)
    sizes = [round(len(one) / 1000) for one in (content, made[0], theirs.content)]
    figure = f"{sizes[0]} → {sizes[1]} kB, theirs {sizes[2]} = {size:.2f}×"
    times = f"{statistics.median(ours):.0f} ms of CPU, theirs {statistics.median(theirs.ms[1:]):.0f} = {faster:.1f}×"
    return [
        Row(f"made small: {name}", figure, "≤ 1.25×", size <= 1.25),
        Row(f"CPU time of that: {name}", times, "≥ 2×", faster >= 2),
    ]


def _agreement() -> Row:
    first = random.SystemRandom().randrange(10**6)
    files = [make(first + seed) for seed in range(FRESH) for make in (mutants.random_bytes, mutants.random_tree)]
    apart = 0
    for content, findings in zip(files, khronos(files), strict=True):
        theirs = any(finding.severity == "error" for finding in findings)
        apart += theirs is not bool(errors(validate_glb(content)))
    share = 1 - apart / len(files)
    what = f"fresh mutants on which the Khronos validator agrees (n = {len(files)}, seeds from {first})"
    return Row(what, f"{share:.1%}", "≥ 95 %", share >= 0.95)


def _hostile() -> Row:
    """Each in a process of its own; imports are not counted."""
    worst: list[tuple[int, int, str]] = []
    for name, make in HOSTILE.items():
        said = alone(make())
        worst.append((said.ms, said.mb, name))
    ms, _, name = max(worst)
    most = max(mb for _, mb, _ in worst)
    figure = f"at most {ms} ms of CPU ({name}), {most} MB"
    return Row(f"{len(HOSTILE)} models made to harm, refused", figure, "< 100 ms, < 200 MB", ms < 100 and most < 200)
