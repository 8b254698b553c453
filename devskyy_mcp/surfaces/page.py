"""Pages for people: own styles, own forms, no script; what goes wrong is told as a page too."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ..errors import Code, Refused

if TYPE_CHECKING:
    from jinja2 import Environment

FORM_LIMIT = 16 * 1024
FIELDS = 30
Endpoint = Callable[[Request], Awaitable[Response]]


def page(template: str, status: int = 200, *, form_action: Iterable[str] = ("'self'",), **values: Any) -> Response:
    """A page made of a template in ``surfaces/pages``.

    Args:
        template: its file name.
        status: the HTTP status.
        form_action: where its forms may lead (CSP form-action); a browser checks each redirect that follows, too.
        values: what the template shows; text is escaped.
    """
    pages, css, style = _pages()
    text = pages.get_template(template).render(css=css, **values)
    policy = f"default-src 'none'; style-src '{style}'; form-action {' '.join(form_action)}; "
    headers = {
        "Content-Security-Policy": policy + "frame-ancestors 'none'; base-uri 'none'",
        # With no-referrer a browser would send these forms with "Origin: null", as it does for pages of others.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return Response(text.encode(errors="replace"), status, headers, "text/html; charset=utf-8")


def told(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its refusals as pages."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return waiting(refused, page("refused.html", refused.http_status, notice=sentence(refused)))

    return answer


def waiting(refused: Refused, response: Response) -> Response:
    """The response, with when to come again where that is known."""
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(refused.retry_after)))
    return response


def sentence(refused: Refused) -> str:
    return f"{refused.message} {refused.hint}".strip()


async def form(request: Request) -> dict[str, str]:
    """The fields of a page's form, the last of each name.

    Raises:
        Refused: TOO_LARGE; INVALID_ARGUMENTS when it is not UTF-8 or has too many fields.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT:
            raise Refused(Code.TOO_LARGE, "The form is too large.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise Refused(Code.INVALID_ARGUMENTS, "The form can't be read.") from None


@lru_cache(maxsize=1)
def _pages() -> tuple[Environment, str, str]:
    """The templates, their styles, and the hash by which a browser knows these styles."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    from .proposal import moment, shown

    pages = Environment(
        loader=PackageLoader(__package__ or "", "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    css = pages.loader.get_source(pages, "page.css")[0] if pages.loader else ""
    pages.filters |= {"shown": shown, "time": moment}
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return pages, Markup(css), f"sha256-{digest}"  # noqa: S704 # our own file
