"""Redirects, which our WebSockets do not follow: our server never sends one, and whoever does is not the one that was
paired with."""

import aiohttp


async def unredirected(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware of `aiohttp.ClientSession`, whose `ws_connect` follows them. Raises `WSServerHandshakeError`."""
    answer = await handler(request)
    if 300 <= answer.status < 400:
        answer.close()
        raise aiohttp.WSServerHandshakeError(
            answer.request_info, answer.history, status=answer.status, message="the server points elsewhere"
        )
    return answer
