"""``devskyy worker``: a process that runs jobs and serves nothing."""

from __future__ import annotations

import signal

import anyio

from ..app import App


async def work(app: App) -> None:
    """Run jobs until SIGTERM or SIGINT; what is under way then is handed back within ten seconds, to be gone on with
    by another worker or at the next start.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with app.running(eager=True):
            async for _ in signals:
                return
