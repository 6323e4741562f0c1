"""An expectation that no server knows is refused in the form of every other refusal (RFC 9110 §10.1.1, RFC 9457)."""

from pathlib import Path

import aiohttp
import pytest

from tests.servers import belvedere


@pytest.mark.parametrize("path", ["/api/setup", "/api/cameras/-/pairing", "/nowhere"])
async def test_an_unknown_expectation_is_a_problem(tmp_path: Path, path: str) -> None:
    with belvedere(tmp_path) as server:
        async with aiohttp.ClientSession() as http, http.get(server.url + path, headers={"Expect": "0"}) as answer:
            assert 400 <= answer.status < 500
            assert answer.content_type == "application/problem+json"
            assert (await answer.json())["code"] == "invalid_request"
