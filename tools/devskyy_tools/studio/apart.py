"""Heavy or hostile work in a process of its own, within bounds of memory and time.

A decoder that a file brings down, or that takes too much, ends there; the server answers other calls meanwhile. The
processes are kept for the next work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_process
from anyio.lowlevel import RunVar

from devskyy_mcp.errors import Code, Refused

T = TypeVar("T")
AT_ONCE = 2
MEMORY = 4 << 30
"""Bytes of address space; what is really used is a fraction of it."""
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("devskyy_studio_processes")


async def apart(work: Callable[..., T], *arguments: object, seconds: float = 60) -> T:
    """What ``work(*arguments)`` gives; function, arguments and result are copied between processes.

    Args:
        work: a function of a module.
        arguments: its arguments.
        seconds: after which it is given up and its process ended, waiting for a free one not counted.

    Raises:
        Refused: as the work does; TIMEOUT; TOO_LARGE where the memory is not enough; INVALID_ARGUMENTS where its
            process ended, as it does when a file brings a decoder down.
    """
    async with _processes():
        try:
            with anyio.fail_after(seconds):
                return await anyio.to_process.run_sync(_bounded, work, *arguments, cancellable=True)
        except TimeoutError:
            raise Refused(
                Code.TIMEOUT, f"The work took more than {seconds:g} seconds.", "Give fewer or smaller files."
            ) from None
        except MemoryError:
            raise Refused(
                Code.TOO_LARGE, "The work does not fit into the memory that it may take.", "Give smaller files."
            ) from None
        except anyio.BrokenWorkerProcess:
            raise Refused(
                Code.INVALID_ARGUMENTS, "A file brought its decoder down.", "Save it anew in an editor, and send that."
            ) from None


def _processes() -> anyio.CapacityLimiter:
    found = _limiter.get(None)
    if found is None:
        found = anyio.CapacityLimiter(AT_ONCE)
        _limiter.set(found)
    return found


def _bounded(work: Callable[..., T], *arguments: object) -> T:
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        bound = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (bound, most))
    except (ImportError, ValueError, OSError):  # a system without such bounds
        pass
    return work(*arguments)
