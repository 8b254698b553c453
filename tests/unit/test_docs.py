from __future__ import annotations

import pytest

from scripts.check_docs import problems
from scripts.docs_tools import filled


@pytest.mark.requirement("docs:agree")
def test_the_docs_agree_with_the_code() -> None:
    assert list(problems()) == []


def test_only_what_is_between_the_marks_is_replaced() -> None:
    text = "a\n<!-- tools -->\nold\n<!-- /tools -->\nb"
    assert filled(text, {"tools": "new", "other": "x"}) == "a\n<!-- tools -->\nnew\n<!-- /tools -->\nb"
