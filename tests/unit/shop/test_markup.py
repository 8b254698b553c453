"""HTML that is published, and the blocks in it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.shop import blocks, markup
from devskyy_tools.shop import collections as at
from devskyy_tools.shop.rules_markup import cleaned

from .bench import Bench

clean_html = pytest.mark.requirement("content:clean-html")
valid_blocks = pytest.mark.requirement("content:blocks")
IMAGE = '<!-- wp:image {"id":7,"sizeSlug":"large"} -->\n<figure class="wp-block-image size-large"><img src="/a.png" alt="A & B" class="wp-image-7"/></figure>\n<!-- /wp:image -->'  # noqa: E501 # as the editor writes it
YOUTUBE = '<iframe src="https://www.youtube.com/embed/x" width="560" height="315" allowfullscreen></iframe>'


@clean_html
@pytest.mark.parametrize(
    "text",
    [
        "Silk & satin, 3 < 4",
        "<p>Hi <strong>you</strong><br/>&nbsp;&copy; 'x' \"y\"</p>",
        '<p style="color:var(--wp--preset--color--red);padding-top:1em" class="a" data-x="1" aria-label="b">x</p>',
        '<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener">x</a>',
        '<a href="mailto:a@example.com">x</a> <a href="/size-guide#top">y</a>',
        YOUTUBE,
        IMAGE,
        '<!-- wp:latest-posts {"postsToShow":3} /-->',
        '[gallery ids="1,2"] <em>x</em>',
        '<video controls src="/a.mp4" poster="/a.png"></video>',
    ],
)
def test_what_is_harmless_stays_to_the_letter(text: str) -> None:
    assert cleaned(text) == (text, [])


@clean_html
@pytest.mark.parametrize(
    ("text", "left", "gone"),
    [
        ("<p>a<script>alert(1)</script></p>", "<p>a</p>", ["<script>"]),
        ('<p onclick="x()" class="a">a</p>', '<p class="a">a</p>', ["onclick of <p>"]),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>", ["href of <a>"]),
        ('<a href="java\tscript:alert(1)">a</a>', "<a>a</a>", ["href of <a>"]),
        ('<a href="&#106;avascript:alert(1)">a</a>', "<a>a</a>", ["href of <a>"]),
        ('<a href="data:text/html,<b>x</b>">a</a>', "<a>a</a>", ["href of <a>"]),
        ('<iframe src="https://evil.example/"></iframe><p>a</p>', "<p>a</p>", ["<iframe>"]),
        ('<iframe src="https://www.youtube.com.evil.example/"></iframe>b', "b", ["<iframe>"]),
        ('<iframe srcdoc="&lt;script&gt;1&lt;/script&gt;"></iframe>b', "b", ["<iframe>"]),
        ("<p style=\"background:url('javascript:x')\">a</p>", "<p>a</p>", ["style of <p>"]),
        ("<svg onload=alert(1)><circle/></svg>a", "a", ["<svg>", "<circle>"]),
        ('<form action="https://evil.example"><input name="card"></form>a', "a", ["<form>", "<input>"]),
        ("a<img src=x onerror=alert(1)//", "a", ["what no browser could read"]),
        ("<object data=x></object><embed src=y>a", "a", ["<object>", "<embed>"]),
    ],
)
def test_what_could_run_goes_and_is_told(text: str, left: str, gone: list[str]) -> None:
    assert cleaned(text) == (left, gone)
    assert markup.clean(left) == (left, [])


@clean_html
@pytest.mark.parametrize(
    "text",
    [
        "<!--><script>alert(1)</script>-->",
        "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<ScRiPt>1</sCrIpT>",
        "<p/onclick=x>a",
        "<a href=' \x01javascript:x'>a</a>",
        '<!-- wp:button {"url":" JavaScript:x"} /-->',
        '<!-- wp:html {"content":"\\u003cscript\\u003e1\\u003c/script\\u003e"} /-->',
    ],
)
def test_tricks_leave_nothing_behind(text: str) -> None:
    left, _ = cleaned(text)
    for danger in ("<script", "onerror=", "onclick", "javascript:", "u003cscript"):
        assert danger not in left.lower()
    assert cleaned(left)[0] == left


@clean_html
def test_texts_in_blocks_keep_what_is_harmless_and_stay_readable() -> None:
    given = '<!-- wp:pullquote {"value":"\\u003cb onclick=x\\u003ea -- b\\u003c/b\\u003e","n":1} /-->'
    left, gone = cleaned(given)
    (block,) = blocks.delimiters(left)
    assert block.attributes == {"value": "<b>a -- b</b>", "n": 1}
    assert gone == ["onclick of <b> in a block"]
    assert "--" not in left.removeprefix("<!--").removesuffix("-->")


@clean_html
async def test_whoever_asks_it_is_taken_out_with_a_warning(bench: Bench) -> None:
    shop, unit = bench.call()
    for collection, fields, parent in (
        (at.POSTS, {"title": "A", "content": "<p>a<script>1</script></p>"}, {}),
        (at.PAGES, {"title": "A<script>1</script>"}, {}),
        (at.PRODUCTS, {"name": "Coat", "short_description": "<p onclick=x>a</p>"}, {}),
        (at.PRODUCT_CATEGORIES, {"name": "Coats", "description": "<p onclick=x>a</p>"}, {}),
        (at.TERMS, {"name": "Coats", "description": "<p onclick=x>a</p>"}, {"taxonomy": "tags"}),
        (at.ITEMS, {"title": "A", "excerpt": "<p onclick=x>a</p>"}, {"type": "product"}),
    ):
        op = await shop.create(collection, fields, **parent)
        assert "taken out of" in op.warnings[0]
        assert not any("script" in str(value) or "onclick" in str(value) for value in op.body.values())
    assert len(unit.ops) == 6


@clean_html
async def test_what_the_shop_had_stays_where_it_is_not_touched(bench: Bench) -> None:
    had = "<!-- wp:html -->\n<script>counter()</script>\n<!-- /wp:html -->"
    target, _ = await bench.create(at.POSTS, {"title": "A", "content": "<p>x</p>"})
    text = f"{had}\n\n<!-- wp:paragraph -->\n<p>Old</p>\n<!-- /wp:paragraph -->"
    await bench.client.write("PUT", at.POSTS.url(None, target), json={"content": text})
    shop, unit = bench.call()
    await shop.update(at.POSTS, target, {"title": "B"})
    assert unit.ops[0].body == {"title": "B"}
    shop, unit = bench.call()
    new = text.replace("Old", "New<script>2</script>")
    op = await shop.update(at.POSTS, target, {"content": new})
    assert op is not None
    assert op.body["content"] == text.replace("Old", "New")
    assert "taken out of content: <script>" in op.warnings[0]


@valid_blocks
@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("<!-- wp:list -->\n<ul></ul>", "line 1: the block list does not end", "Add <!-- /wp:list -->"),
        ("a\n\n<!-- /wp:list -->", "line 3: the block list ends without", "Remove"),
        (
            "<!-- wp:columns --><!-- wp:column -->\n<!-- /wp:columns -->",
            "line 2: columns ends while column of line 1 is open",
            "Put <!-- /wp:column -->",
        ),
        ("<!-- wp:Image -->", "line 1: <!-- wp:Image --> is no block comment", "lower case"),
        ("<!--wp:image -->", "is no block comment", "blanks"),
        ('\n<!-- wp:image {"id":} /-->', "line 2: the attributes of image are no JSON at character 7", "quotes"),
        ("<!-- wp:image [1] /-->", "is no block comment", "JSON object"),
        ("<!-- wp:a {} -->x<!-- /wp:a {} -->", "ends a block and can't say more", "Write <!-- /wp:a -->"),
    ],
)
async def test_broken_blocks_are_refused(bench: Bench, text: str, says: str, hint: str) -> None:
    shop, unit = bench.call()
    with pytest.raises(Refused) as caught:
        await shop.create(at.POSTS, {"title": "A", "content": text})
    assert says in caught.value.message
    assert hint in caught.value.hint
    assert unit.ops == []


@valid_blocks
def test_strange_blocks_are_warned_of() -> None:
    types: dict[str, dict[str, Any]] = {
        "core/paragraph": {"attributes": {"content": {}}},
        "core/list": {},
        "core/list-item": {"parent": ["core/list"]},
        "shop/card": {"attributes": {}},
    }
    assert blocks.check(IMAGE) == []
    assert blocks.check("<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph -->", types) == []
    assert blocks.check("<!-- wp:paragraf /-->", types) == [
        "line 1: paragraf is no block of this site; did you mean paragraph?"
    ]
    assert blocks.check("<!-- wp:list-item /-->", types) == ["line 1: list-item belongs into list."]
    assert blocks.check("<!-- wp:list --><!-- wp:list-item /--><!-- /wp:list -->", types) == []
    assert blocks.check('<!-- wp:shop/card {"className":"x","sise":1} /-->', types) == [
        "line 1: shop/card has no attribute sise."
    ]


def test_the_cleaner_is_imported_with_the_first_tag() -> None:
    script = (
        "import sys, json\nfrom devskyy_tools.shop import markup\nmarkup.clean('plain')\n"
        "before = 'nh3' in sys.modules\nmarkup.clean('<b>x</b>')\nprint(json.dumps([before, 'nh3' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, True]
