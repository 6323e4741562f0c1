"""Errors of the framework in our form."""

from aiohttp import web

from signaling.http.problems import from_http_exception


def test_what_a_client_acts_on_is_kept() -> None:
    busy = from_http_exception(web.HTTPServiceUnavailable(headers={"Retry-After": "5", "X-Other": "1"}))
    assert (busy.status, busy.headers["Retry-After"], "X-Other" in busy.headers) == (503, "5", False)
    wrong = from_http_exception(web.HTTPMethodNotAllowed("PUT", ["GET", "POST"]))
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET,POST")
