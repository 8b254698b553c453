"""Calls and events over one WebSocket, ``/api/v1/ws``, subprotocol ``devskyy.v1``.

In:  {id, call, arguments?, key?} · {cancel: id} · {resume: {job: seq, …}}
Out: {id, progress: {done, total?, message?}} · {id, result, trust?} · {id, error} · {event: "change", change} ·
     {event: "job", job, seq, kind, data, at, trust?}

``resume`` follows jobs from behind the event ``seq`` on (0 for all), to their end: each event comes once and in order,
however often the socket is made anew, at whichever server.

Whether the caller's access still stands is looked up before calls, and each minute; when it has ended, the socket is
closed with 4401.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..auth.bearers import Bearers, kind_of
from ..capability import Texts
from ..context import Principal
from ..db.cache import MemoryCache, Rate
from ..errors import Code, Refused
from ..guard.limits import too_many
from ..guard.loopback import SUBPROTOCOL
from ..guard.trust import UNTRUSTED
from ..invoke import Call
from .rest.problem import problem_response
from .strict_json import an_object

if TYPE_CHECKING:
    from ..app import App

MESSAGE_LIMIT = 1024 * 1024
CALLS_AT_ONCE = 8
JOBS_AT_ONCE = 50
EVENTS_WAITING = 256
MESSAGES = (50.0, 500)
"""A second and at once, on all sockets of a principal, each socket's opening being one; who sends more is closed: calls
have limits of their own, but rubbish is answered too."""
SOCKETS = 20
"""Of one principal."""
TOO_MANY, TOO_BIG, TRY_AGAIN_LATER, ENDED = 1008, 1009, 1013, 4401
MessageId = str | int


class _CallMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: MessageId
    call: str = Field(max_length=60)
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    key: str | None = Field(default=None, min_length=1, max_length=200)


class _ResumeMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    resume: dict[str, Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=JOBS_AT_ONCE)


class _CancelMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    cancel: MessageId


async def websocket(socket: WebSocket) -> None:
    """Serve one socket until either side ends it.

    Raises:
        Refused: RATE_LIMITED before it is open; the door says so.
    """
    if SUBPROTOCOL not in socket.scope["subprotocols"]:
        refused = Refused(Code.INVALID_ARGUMENTS, "The subprotocol devskyy.v1 is missing.", "Offer it when connecting.")
        await socket.send_denial_response(problem_response(refused, 400))
        return
    principal: Principal = socket.scope["devskyy.principal"]
    try:
        with socket.app.state.sockets(principal.id):
            if _one_more(socket, principal):
                raise too_many(1)
            await socket.accept(SUBPROTOCOL)
            await _Session(socket, socket.app.state.devskyy, principal).run()
    except WebSocketDisconnect:
        return


class _Session:
    def __init__(self, socket: WebSocket, app: App, principal: Principal) -> None:
        self.socket = socket
        self.app = app
        self.principal = self.carried = principal
        hangs = kind_of(principal) is not None or bool(principal.until)
        self.bearers = app.services.get(Bearers) if hangs else None
        self.running: dict[MessageId, anyio.CancelScope] = {}
        self.followed: dict[str, anyio.CancelScope] = {}
        self.sending = anyio.Lock()
        self.close_code: Literal[1000, 1008, 1009, 1013, 4401] = 1000
        self.events, self.written = anyio.create_memory_object_stream[str](EVENTS_WAITING)

    async def run(self) -> None:
        listeners = self.app.changes.on_written
        listeners.append(self._tell)
        try:
            async with anyio.create_task_group() as self.tasks, self.events, self.written:
                self.tasks.start_soon(self._send_events)
                if self.bearers:
                    self.tasks.start_soon(self._watch, self.bearers)
                await self._receive()
                self.tasks.cancel_scope.cancel()
        finally:
            listeners.remove(self._tell)
        if self.close_code != 1000:
            await self.socket.close(self.close_code)

    # ---- whether the caller may go on ------------------------------------------------------------------------------

    async def _watch(self, bearers: Bearers) -> None:
        await bearers.ended(self.carried)
        self._end()

    async def _look_up(self, bearers: Bearers) -> None:
        """Take over what the access allows now. Raises Unconfirmed when that can't be told."""
        current = await bearers.again(self.carried)
        if current is None:
            self._end()
        else:
            self.principal = current

    def _end(self) -> None:
        self.close_code = ENDED
        self.tasks.cancel_scope.cancel()

    # ---- in --------------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text: str | bytes = message.get("text") or message.get("bytes") or ""
            if len(text) > MESSAGE_LIMIT:
                self.close_code = TOO_BIG
                return
            if _one_more(self.socket, self.carried):
                self.close_code = TOO_MANY
                return
            await self._take(text)

    async def _take(self, text: str | bytes) -> None:
        given: Any = None
        try:
            message = an_object(await self.socket.app.state.bodies.parse(text, self.carried.id))
            given = message.get("id")
            if "cancel" in message:
                scope = self.running.get(_CancelMessage.model_validate(message).cancel)
                if scope is not None:
                    scope.cancel()
                return
            if "resume" in message:
                await self._resume(_ResumeMessage.model_validate(message).resume)
                return
            self._start(_CallMessage.model_validate(message))
        except ValidationError as error:
            await self._send_error(given, _explain(error))
        except Refused as refused:
            await self._send_error(given, refused)

    def _start(self, message: _CallMessage) -> None:
        if message.id in self.running:
            raise Refused(Code.INVALID_ARGUMENTS, "A call with this id is under way.", "Give each call its own id.")
        if len(self.running) >= CALLS_AT_ONCE:
            raise Refused(
                Code.RATE_LIMITED,
                f"At most {CALLS_AT_ONCE} calls may be under way on one socket.",
                "Wait for an answer before the next call.",
            )
        scope = self.running[message.id] = anyio.CancelScope()
        self.tasks.start_soon(self._call, message, scope)

    async def _resume(self, cursors: dict[str, int]) -> None:
        """Follow the jobs, all or none; one that is followed already goes on from the new place."""
        if self.bearers is not None:
            await self._look_up(self.bearers)
        jobs, tools = self.app.road.jobs, dict[str, str]()
        for job, seq in cursors.items():
            tools[job] = (await jobs.get(self.principal, job)).tool
            if seq and seq > (last := await jobs.events.last(job)):
                raise Refused(
                    Code.INVALID_ARGUMENTS,
                    f"{job} has {last} events, so the cursor can't be {str(seq)[:20]}.",
                    "Resume from the seq of the last event that came, or from 0.",
                )
        if len(self.followed.keys() | cursors) > JOBS_AT_ONCE:
            raise Refused(Code.RATE_LIMITED, f"At most {JOBS_AT_ONCE} jobs can be followed on one socket.")
        for job, seq in cursors.items():
            if job in self.followed:
                self.followed[job].cancel()
            self.followed[job] = anyio.CancelScope()
            self.tasks.start_soon(self._follow, job, tools[job], seq, self.followed[job])

    async def _follow(self, job: str, tool: str, seq: int, scope: anyio.CancelScope) -> None:
        road = self.app.road
        known = road.registry.tools.get(tool)
        outside: Texts = known.policy.texts if known else "outside"
        try:
            with scope:
                async with road.jobs.events.following(job, after=seq) as happening:
                    async for event in happening:
                        texts: Texts = outside if event.kind == "log" else "none"
                        data, untrusted = await road.hand_over(self.principal, event.data, texts)
                        told = {"event": "job", **event.model_dump(), "data": data}
                        await self._send({**told, "trust": UNTRUSTED} if untrusted else told)
        except Refused as refused:  # the database can't be used any more; the caller resumes when it can
            await self._send_error(None, refused)
        if self.followed.get(job) is scope:
            del self.followed[job]

    async def _call(self, message: _CallMessage, scope: anyio.CancelScope) -> None:
        async def sink(done: float, total: float | None, text: str | None) -> None:
            progress = {"done": done, "total": total, "message": text}
            await self._send({"id": message.id, "progress": {k: v for k, v in progress.items() if v is not None}})

        call = Call(self.principal, message.call, message.arguments, "ws", sink, key=message.key)
        cancelled = Refused(Code.CANCELLED, "This call was cancelled.", "What it wrote before, changes_list shows.")
        answer: dict[str, Any] = {"error": cancelled.as_dict()}
        try:
            with scope:
                if self.bearers is not None:
                    await self._look_up(self.bearers)
                    call.principal = self.principal
                result = await self.app.road.invoke(call)
                answer = {"result": result.data, **({"trust": UNTRUSTED} if result.untrusted else {})}
        except Refused as refused:
            answer = {"error": refused.as_dict()}
        finally:
            del self.running[message.id]
        await self._send({"id": message.id, **answer})

    # ---- out -------------------------------------------------------------------------------------------------------

    def _tell(self, change: str) -> None:
        try:
            self.events.send_nowait(change)
        except anyio.WouldBlock:  # a reader this slow has lost track: it should connect anew and look
            self.close_code = TRY_AGAIN_LATER
            self.tasks.cancel_scope.cancel()
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):  # this socket is ending
            return

    async def _send_events(self) -> None:
        async for change in self.written:
            await self._send({"event": "change", "change": change})

    async def _send_error(self, given: Any, refused: Refused) -> None:
        known = given if isinstance(given, str | int) else None
        await self._send({"id": known, "error": refused.as_dict()})

    async def _send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
        async with self.sending:
            try:
                await self.socket.send_text(text.encode(errors="replace").decode())
            except (WebSocketDisconnect, RuntimeError):  # the other side is gone; receiving ends the session
                self.tasks.cancel_scope.cancel()


def _one_more(socket: WebSocket, principal: Principal) -> bool:
    """Count one message; whether it is beyond what the principal may send."""
    messages: MemoryCache = socket.app.state.messages
    return messages.count((Rate(principal.id, *MESSAGES),))[0].wait > 0


def _explain(error: ValidationError) -> Refused:
    fields = [".".join(str(part) for part in item["loc"]) for item in error.errors()]
    return Refused(
        Code.INVALID_ARGUMENTS,
        f"The message is not understood: {', '.join(name[:60] for name in fields[:5])}.",
        "Send {id, call, arguments, key?}, {cancel: id} or {resume: {job: seq}}.",
    )
