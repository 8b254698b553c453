"""The shop as a system that staged operations go to: sends each once, reads what became of it, brings back what was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from devskyy_mcp.changes.model import JournalOp, Op, OpState, Outcome
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code
from devskyy_mcp.http import Answer, UpstreamError

from . import collections as at
from . import fresh, handover, lookup, outcomes, refusals, undoing, uploads
from .client import ShopClient
from .collections import STAMP, Collection
from .fields import cut
from .session import MAKES, SYSTEM

Json = dict[str, Any]
CHUNKS = (25, 50)
"""Ops in a batch, at least and at most: a shop of WooCommerce's takes some 50 ms to begin a request, and 10 to 40 for
each product in it."""
BATCH_SECONDS = (9.0, 0.2)
"""How long a batch's answer is waited for: to begin with, and for each op."""
_SECRET_AT_SEND = {"customers": "password", "users": "password"}
"""Fields that the shop wants and nobody should know: made up at the last moment, kept nowhere."""


class ShopSystem:
    """Implements ``devskyy_mcp.changes.model.System`` over a ShopClient."""

    name = SYSTEM
    in_flight = 2
    proves_absence = True

    def __init__(self, client: ShopClient, secrets: Path, quiet_after: float = 60.0) -> None:
        self.client = client
        self.secrets = secrets
        self.quiet_after = quiet_after

    def groups(self, ops: Sequence[Op]) -> list[list[Op]]:
        """Batches of 25 to 50 ops of a kind and collection, where the shop has batches; single requests else.

        Few ops make as many batches as may be under way at once, so that all of these are equally long.
        """
        kinds = [self._kind(op) for op in ops]
        numbers = Counter(kinds)
        found: list[list[Op]] = []
        open_by_kind: dict[str, list[Op]] = {}
        for op, kind in zip(ops, kinds, strict=True):
            if not kind:
                found.append([op])
                continue
            least, most = CHUNKS
            size = min(max(least, -(-numbers[kind] // self.in_flight)), most, at.ALL[op.collection].batch)
            group = open_by_kind.get(kind)
            if group is None or len(group) >= size:
                group = open_by_kind[kind] = []
                found.append(group)
            group.append(op)
        return found

    def _kind(self, op: Op) -> str:
        """What goes into one batch; empty for what goes alone.

        A batch deletes for good, whatever is asked, so what goes to the bin goes there one by one.
        """
        batched = at.ALL[op.collection].batch and (
            op.kind in ("create", "update") or (op.kind == "delete" and "force" in op.body)
        )
        if not batched or "reassign" in op.body:
            return ""
        return f"{op.kind} {op.collection} {sorted(op.parent.items(), key=str)}"

    def object_keys(self, op: Op) -> list[str]:
        """The object itself; for creates the key that the shop keeps unique."""
        if op.kind != "create":
            return [f"{op.collection}/{op.target}"]
        collection = at.ALL[op.collection]
        value = op.body.get(collection.key) if collection.key else None
        keys = [f"{op.collection}:{collection.key}={str(value).lower()}"] if value else []
        # Money and stock of one order must not be moved by two at once.
        return [*keys, *(f"orders/{one}" for name, one in op.parent.items() if name == "order_id")]

    async def check(self, ops: Sequence[Op]) -> list[Outcome | None]:
        """Read one group's objects with one request, and say which ops no longer fit."""
        return await fresh.check(self.client, ops)

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        """Send one group as one request; never raises for what the shop did or did not answer."""
        try:
            answer = await (self._send_one(change, ops[0]) if len(ops) == 1 else self._send_batch(change, ops))
        except UpstreamError as error:
            return [outcomes.lost(_state(error), error) for _ in ops]
        error = refusals.of_answer(answer, ops[0].label)
        if error is not None:
            ambiguous = answer.status >= 500 and error.code == "upstream_invalid"
            return [outcomes.lost("unknown" if ambiguous else "failed", error) for _ in ops]
        try:
            body = answer.json()
        except UpstreamError as broken:  # the shop did something; what, is to be read
            return [outcomes.lost("unknown", broken) for _ in ops]
        if len(ops) == 1:
            return [self._outcome(ops[0], body)]
        return self._batch_outcomes(ops, body)

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        """What became of ops without an answer, by reading."""
        found = await lookup.look(self.client, ops, self.quiet_after)
        for item, outcome in zip(ops, found, strict=True):
            if item.op.kind == "create" and item.op.collection in handover.SHOWN_ONCE and outcome.state == "done":
                outcome.notes.append("Its password was lost with the answer: delete it and make another.")
        return found

    async def stage_undo(self, ctx: Context, ops: Sequence[JournalOp]) -> None:
        """Stage the inverses, newest first."""
        await undoing.stage_undo(ctx, ops)

    async def _send_one(self, change: str, op: Op) -> Answer:
        collection = at.ALL[op.collection]
        url = collection.url(op.parent, op.target, *([op.note["action"]] if op.kind == "act" else []))
        if op.kind == "delete":
            return await self.client.write("DELETE", url, params=op.body)
        if collection is at.MEDIA and op.kind == "create":
            return await uploads.send(self.client, url, op.body)
        method = "PUT" if op.kind == "update" else "POST"
        # wp/v2 and refunds answer in the reader's form unless asked for the stored one
        body = stamped(change, op, collection)
        json = body[collection.holds] if collection.holds else body
        return await self.client.write(method, url, params={"context": "edit"}, json=json)

    async def _send_batch(self, change: str, ops: Sequence[Op]) -> Answer:
        collection, kind = at.ALL[ops[0].collection], ops[0].kind
        items: list[Any] = [op.target for op in ops]
        if kind == "create":
            items = [{**stamped(change, op, collection), **cut(collection)} for op in ops]
        elif kind == "update":
            items = [{**op.body, "id": op.target, **cut(collection)} for op in ops]
        url, (first, each) = f"{collection.url(ops[0].parent)}/batch", BATCH_SECONDS
        return await self.client.write("POST", url, json={kind: items}, deadline=first + each * len(ops))

    def _outcome(self, op: Op, body: Any) -> Outcome:
        collection = at.ALL[op.collection]
        body, whole = collection.read(body), None
        if op.kind == "create" and op.collection in handover.SHOWN_ONCE and isinstance(body, dict):
            answer = cast("Json", body)
            said = handover.take(self.secrets, op.collection, answer, str(collection.id_of(answer)))
            outcome = outcomes.of_answer(op, answer)
            outcome.notes += [said] if said else []
            return outcome
        if op.kind == "update":
            whole = self.client.originals.take(collection.url(op.parent, op.target))
        return outcomes.of_answer(op, cast("Json", body) if isinstance(body, dict) else {}, whole)

    def _batch_outcomes(self, ops: Sequence[Op], body: Any) -> list[Outcome]:
        items = cast("list[Json]", cast("Json", body).get(ops[0].kind) or []) if isinstance(body, dict) else []
        if len(items) != len(ops):
            return [Outcome("unknown", error=outcomes.UNCLEAR) for _ in ops]
        found: list[Outcome] = []
        for op, item in zip(ops, items, strict=True):
            if "error" in item:
                data = item["error"].get("data")
                status = data.get("status", 400) if isinstance(data, dict) else 400  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] # JSON tree
                error = refusals.refused(cast("int", status), item["error"], op.label)
                found.append(outcomes.lost("failed", error))
            else:
                found.append(self._outcome(op, item))
        return found


def _state(error: UpstreamError) -> OpState:
    """What a failed exchange says of the write: an answer that could not be read may stand for one that was done."""
    if error.reached == "no":
        return "not_sent"
    unread = error.code is Code.TOO_LARGE or (error.code is Code.UPSTREAM_INVALID and error.retryable)
    return "unknown" if error.reached == "maybe" or unread else "failed"


def stamped(change: str, op: Op, collection: Collection) -> Json:
    """The body as it leaves: a create that can carries our mark, by which it is found when its answer is lost."""
    body = dict(op.body)
    secret = _SECRET_AT_SEND.get(op.collection)
    if op.kind == "create" and secret:
        from secrets import token_urlsafe

        body[secret] = token_urlsafe(24)
    if (op.kind == "create" and collection.stamp) or MAKES in op.note:
        body["meta_data"] = [*body.get("meta_data", []), {"key": STAMP, "value": f"{change}/{op.seq}"}]
    return body
