"""The wire of chat completions, as Mistral and Groq speak it: messages, tools, calls that come in pieces."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..port import Event, Image, Message, Name, Request, Text, ToolCall, ToolDelta, ToolEnd, ToolResult, ToolStart
from ..schemas import fit

Node = dict[str, Any]


def data_url(image: Image) -> str:
    return f"data:{image.mime_type};base64,{base64.b64encode(image.data).decode()}"


def result_text(result: ToolResult) -> str:
    """For APIs without a field for failure."""
    return f"Error: {result.text}" if result.is_error else result.text


def instructions(request: Request) -> str:
    return "\n\n".join(block.text for block in request.system)


def messages(name: Name, request: Request, own_id: Callable[[str], str] = str, also: str = "") -> list[Node]:
    """All turns, the system's first.

    Args:
        name: whose native turns are sent as they came.
        request: what is asked.
        own_id: makes the provider's kind of ids of another's.
        also: more for the system's turn.
    """
    native = [message.native[name] for message in request.messages if name in message.native]
    kept = {call["id"] for turn in native for call in turn.get("tool_calls", ())}

    def call_id(call: str) -> str:
        return call if call in kept else own_id(call)

    system = "\n\n".join(filter(None, (instructions(request), also)))
    found: list[Node] = [{"role": "system", "content": system}] if system else []
    for message in request.messages:
        if message.role == "user":
            found += user(message, call_id)
            continue
        turn = message.native[name] if name in message.native else _assistant(message, call_id)
        if turn.get("content") or turn.get("tool_calls"):  # in which nothing was said is refused
            found.append(turn)
    return found


def user(message: Message, call_id: Callable[[str], str] = str) -> Iterator[Node]:
    """A user's turn: what tools gave, each a turn of its own, then what was said."""
    parts: list[Node] = []
    for block in message.blocks:
        match block:
            case ToolResult(id=call):
                yield {"role": "tool", "tool_call_id": call_id(call), "content": result_text(block)}
            case Text(text=text):
                parts.append({"type": "text", "text": text})
            case Image():
                parts.append({"type": "image_url", "image_url": {"url": data_url(block)}})
            case ToolCall():
                continue
    if len(parts) == 1 and parts[0]["type"] == "text":
        yield {"role": "user", "content": parts[0]["text"]}
    elif parts:
        yield {"role": "user", "content": parts}


def _assistant(message: Message, call_id: Callable[[str], str]) -> Node:
    text = "".join(block.text for block in message.blocks if isinstance(block, Text))
    calls = [called(call_id(one.id), one.name, one.text) for one in message.blocks if isinstance(one, ToolCall)]
    return said(text, calls)


def called(call: str, name: str, text: str) -> Node:
    """A call as the assistant's turn has it."""
    return {"id": call, "type": "function", "function": {"name": name, "arguments": text or "{}"}}


def said(content: str | Sequence[Node], calls: Sequence[Node]) -> Node:
    """An assistant's turn."""
    turn: Node = {"role": "assistant", "content": content}
    return turn | {"tool_calls": list(calls)} if calls else turn


def tools(name: Name, request: Request, *, strict: bool) -> list[Node]:
    found: list[Node] = []
    for tool in request.tools:
        made = fit(name, tool.schema, strict=strict)
        function: Node = {"name": tool.name, "description": tool.description, "parameters": made.schema}
        if strict:
            function["strict"] = made.strict
        found.append({"type": "function", "function": function})
    return found


def tool_choice(request: Request) -> Any:
    choice = request.tool_choice
    return choice if choice in {"auto", "none", "required"} else {"type": "function", "function": {"name": choice}}


@dataclass
class _Call:
    id: str
    name: str
    pieces: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Calls:
    """Tool calls that come in pieces: the first has the id and the name, the others the place in the list."""

    def __init__(self) -> None:
        self._all: list[_Call] = []
        self._at: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def take(self, index: int, call: str | None, name: str | None, text: str) -> Iterator[Event]:
        known = self._at.get(index)
        if known is None or (call and call != known.id):
            known = self._at[index] = _Call(call or f"call_{len(self._all)}", name or "")
            self._all.append(known)
            yield ToolStart(known.id, known.name)
        if text:
            known.pieces.append(text)
            yield ToolDelta(known.id, text)

    def ends(self) -> Iterator[ToolEnd]:
        for call in self._all:
            yield ToolEnd(call.id, call.name, call.text)

    def turns(self) -> list[Node]:
        """As the assistant's turn has them."""
        return [called(call.id, call.name, call.text) for call in self._all]


class Reading:
    """How far a streamed answer has come: it is whole with its finish reason and its usage, which may come after."""

    def __init__(self, request_id: str | None) -> None:
        self.request_id = request_id
        self.started = False
        self.finish = ""
        self.used = False
        self.calls = Calls()

    @property
    def whole(self) -> bool:
        return bool(self.finish) and self.used
