"""FASHN's own client (``fashn`` on PyPI) speaks to the server that stands for FASHN: a check on that server."""

from __future__ import annotations

import fashn as own
import httpx
import pytest

from tests.fakes import fashn
from tests.fakes.served import listening

IMAGE = "data:image/png;base64,AAAA"


@pytest.mark.requirement("generators:own-clients")
async def test_fashn_of_its_own_client() -> None:
    shop = fashn.Fashn(busy=2)
    async with listening(shop.app()) as http:
        url = str(http.base_url).rstrip("/")
        async with own.AsyncFashn(api_key=fashn.KEY, base_url=url, max_retries=0) as client:
            run = await client.predictions.run(model_name="edit", inputs={"image": IMAGE, "prompt": "roll up sleeves"})
            assert run.id == "0-u1"
            states = [(await client.predictions.status(run.id)).status for _ in range(3)]
            assert states == ["starting", "in_queue", "completed"]
            raw = await client.predictions.with_raw_response.status(run.id)
            assert raw.headers["x-fashn-credits-used"] == "2"
            output = (await raw.parse()).output
            assert output is not None
            async with httpx.AsyncClient(trust_env=False) as plain:
                assert (await plain.get(output[0])).headers["content-type"] == "image/png"


@pytest.mark.requirement("generators:own-clients")
async def test_errors_as_its_own_client_reads_them() -> None:
    shop = fashn.Fashn(runs=list(fashn.REFUSALS), ends=[f"failed:{name}" for name in fashn.RUNTIME], busy=0)
    async with listening(shop.app()) as http:
        url = str(http.base_url).rstrip("/")
        async with own.AsyncFashn(api_key=fashn.KEY, base_url=url, max_retries=0) as client:
            for name, status in fashn.REFUSALS.items():
                with pytest.raises(own.APIStatusError) as caught:
                    await client.predictions.run(model_name="packshot", inputs={"product_image": IMAGE})
                assert caught.value.status_code == status
                assert caught.value.body == {"error": name, "message": f"{name}: no"}
            for name in fashn.RUNTIME:
                run = await client.predictions.run(model_name="packshot", inputs={"product_image": IMAGE})
                seen = await client.predictions.status(run.id)
                assert seen.status == "failed"
                assert seen.error is not None
                assert seen.error.name == name
        async with own.AsyncFashn(api_key="fa-wrong", base_url=url, max_retries=0) as stranger:
            with pytest.raises(own.AuthenticationError):
                await stranger.predictions.status("0-u1")
