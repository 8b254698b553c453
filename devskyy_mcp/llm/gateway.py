"""The one way to ask a language model: chosen, paid for, retried and kept, inside a durable job."""

from __future__ import annotations

from ..context import Context, Services
from ..errors import Code, Refused
from .asking import Answer, Sink, Want
from .port import Request


class Gateway:
    """Asks models of all providers. A service: ``ctx.get(Gateway)``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def ask(self, ctx: Context, step: str, want: Want, request: Request, *, sink: Sink | None = None) -> Answer:
        """Ask a model, once and for all.

        However often the job starts again, the same step gives the same answer, and a call whose answer had come is
        never sent twice. Nothing is sent before it is in the books with the most that it can cost. It is tried again,
        with this model or the next best, only as long as nothing of an answer went to the sink; without a sink that is
        until an answer is whole. Asks of one job may go on side by side, each under a step's name of its own.

        A cancelled ask gives its call up at once, and books it.

        Args:
            ctx: of a job's handler.
            step: names the ask within the job, the same each time the handler runs (``step-3``, ``draft-mistral``).
            want: what is needed of the model.
            request: what is asked; its ``model`` stays empty. Native turns of other providers are left out by
                themselves.
            sink: takes the events of the answer as they come, for those who watch. Of an answer that an earlier run of
                the job got, it gets nothing.

        Raises:
            Refused: OVER_BUDGET before anything is sent; NOT_CONFIGURED when no provider is set up; TOO_LARGE when no
                model takes so much; NOT_FOUND when ``only`` names what is not there; WRITES_STOPPED.
            Unanswered: a Refused that knows the last error (``error.kind``, ``error.partial``) and every attempt.
        """
        raise Refused(Code.NOT_CONFIGURED, "No provider of language models is set up.", "Set a provider's key.")
