"""The queue engine: DBOS, which claims jobs for processes, under caps that hold over all of them, and gives a dead
process's claims to others. The only module that knows it; packs, surfaces and the rest of ``jobs`` do not.

The ``jobs`` table is the truth. A claim only says "run this job now"; whoever runs it asks the table whether that is
still so. Import it inside functions only: it takes two seconds.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import dbos

from ..capability import Queue
from ..db.budget import ENGINE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ..db.dsn import Dsn

APPLICATION = "devskyy"
VERSION = "jobs-1"
"""Claims of other versions are left alone. Pinned: by default it is a hash of the code, and every update of the server
would orphan what runs. Change it only when runs of the old code can't be gone on with."""
WORKFLOW = "job"
LOOK_EVERY = 0.1
"""Seconds between looks for what may start."""
STOP_SECONDS = 3
FORGET_AT_ONCE = 500
RunJob = Callable[[str, int], Awaitable[bool]]


class ClaimKept(BaseException):  # dbos would take an Exception for the claim's end
    """The claim stays this executor's: it comes again when the engine starts again, or goes to the next worker."""


class Engine:
    """DBOS in this process; there can be one at a time.

    Args:
        dsn: the database; dbos opens its own connections to it, so through a pooler it should be the direct address.
        executor: this worker's stable name: what it had claimed when it died is its own again when it is back.
        run: runs a job by its id and token, in the event loop that ``start`` was called in; whether it is done with it.
        queues: with their caps.
        concurrency: jobs of one queue that this process runs at once.
    """

    def __init__(self, dsn: Dsn, executor: str, run: RunJob, queues: Iterable[Queue], concurrency: int) -> None:
        self._dsn = dsn
        self._executor = executor
        self._run = run
        self._queues = list(queues)
        self._concurrency = concurrency
        self._client: dbos.DBOSClient | None = None

    async def start(self) -> None:
        """Start claiming. What this executor had claimed before starts again."""
        loop = asyncio.get_running_loop()

        def job(name: str, token: int) -> None:
            # In a thread of dbos; the job itself runs where everything else does.
            future = asyncio.run_coroutine_threadsafe(_awaited(self._run, name, token), loop)
            try:
                done = future.result()
            except concurrent.futures.CancelledError:  # the loop is going down
                done = False
            if not done:
                raise ClaimKept

        with anyio.CancelScope(shield=True):  # a thread can't be stopped, and `stop` must not run beside it
            await asyncio.to_thread(self._launch, job)

    def _launch(self, job: Callable[[str, int], None]) -> None:
        url = self._url()
        config: dbos.DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": self._executor,
            "log_level": "ERROR",
            "use_listen_notify": False,  # for messages between workflows, which are not used
            "notification_listener_polling_interval_sec": 1.0,
            "sys_db_pool_size": ENGINE,
            "db_engine_kwargs": self._engine_options(),
        }
        dbos.DBOS(config=config)
        dbos.DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(job)
        dbos.DBOS.launch()
        for queue in self._queues:
            dbos.DBOS.register_queue(
                queue.name,
                worker_concurrency=min(self._concurrency, queue.concurrency or self._concurrency),
                global_concurrency=queue.concurrency,
                limiter=None if queue.rate is None else {"limit": queue.rate[0], "period": queue.rate[1]},
                polling_interval_sec=LOOK_EVERY,
                on_conflict="always_update",
            )
        self._client = dbos.DBOSClient(system_database_url=url, use_listen_notify=False)

    def _url(self) -> str:
        if self._dsn.path is not None:
            return f"sqlite:///{self._dsn.path}"
        return self._dsn.driver_url.replace("postgresql://", "postgresql+psycopg://", 1)

    def _engine_options(self) -> dict[str, Any]:
        if self._dsn.path is not None:
            return {}
        # Nothing prepared outlives its transaction, so that a pooler does no harm.
        return {"connect_args": {"prepare_threshold": None}, "pool_pre_ping": True}

    async def enqueue(self, conn: AsyncConnection, jobs: Sequence[tuple[str, str, int]], token: int) -> None:
        """Put jobs (id, queue, priority) into their queues, in the caller's transaction."""
        client = self._client
        assert client is not None

        def put(sync_conn: Any) -> None:
            for name, queue, priority in jobs:
                options: dbos.EnqueueOptions = {
                    "workflow_name": WORKFLOW,
                    "queue_name": queue,
                    "workflow_id": f"{name}:{token}",
                    "app_version": VERSION,
                    "priority": priority,
                }
                client.enqueue_in_transaction(sync_conn, options, name, token)

        await conn.run_sync(put)

    async def take_over(self, dead: str) -> int:
        """Put what a dead executor had claimed back into its queues; how many claims that were."""
        return await asyncio.to_thread(_take_over, dead)

    async def forget(self, before: str) -> None:
        """Delete finished claims that ended before that time (ISO 8601)."""
        while await asyncio.to_thread(_forget, before):
            pass

    async def stop(self) -> None:
        """Claim nothing more and close; takes one second to ``STOP_SECONDS``, as long as runs go on."""
        if self._client is not None:
            await asyncio.to_thread(self._client.destroy)
        await asyncio.to_thread(dbos.DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=STOP_SECONDS)


# In threads, not by dbos' coroutines: those put dbos' own thread pool into the event loop for good, and when the engine
# is closed nothing that needs a thread works any more, name look-ups included.


def _take_over(dead: str) -> int:
    held = dbos.DBOS.list_workflows(status="PENDING", executor_id=dead, load_input=False, load_output=False)
    by_queue: dict[str | None, list[str]] = {}
    for claim in held:
        by_queue.setdefault(claim.queue_name, []).append(claim.workflow_id)
    for queue, claims in by_queue.items():
        dbos.DBOS.resume_workflows(claims, queue_name=queue)
    return len(held)


def _forget(before: str) -> bool:
    """Delete some; whether there may be more."""
    ended = ["SUCCESS", "ERROR", "CANCELLED"]
    old = dbos.DBOS.list_workflows(
        status=ended, completed_before=before, limit=FORGET_AT_ONCE, load_input=False, load_output=False
    )
    if old:
        dbos.DBOS.delete_workflows([claim.workflow_id for claim in old])
    return len(old) == FORGET_AT_ONCE


async def _awaited(run: RunJob, name: str, token: int) -> bool:
    return await run(name, token)
