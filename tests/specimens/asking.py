"""What tools of language models are called with."""

from __future__ import annotations

from .making import Arguments, given

READS: dict[str, list[Arguments]] = {
    "llm_models_list": [given(), given(provider="anthropic", tier="best")],
    "round_table_start": [given(kind="product-copy", prompt="Write a line about a silk dress.")],
    "llm_usage_report": [given(since="2020-01-01T00:00:00Z", by=by) for by in ("model", "day", "principal")],
}
