"""Errors of the framework in our form."""

from aiohttp import web

from signaling.http.problems import from_http_exception


def test_what_a_client_acts_on_is_kept() -> None:
    wrong = from_http_exception(web.HTTPMethodNotAllowed("PUT", ["GET", "POST"], headers={"X-Other": "1"}))
    assert (wrong.status, wrong.headers["Allow"], "X-Other" in wrong.headers) == (405, "GET,POST", False)
