"""Which web page a request came from, and which pages may ask (Fetch §3.2, CORS)."""

from urllib.parse import urlsplit

from aiohttp import web

CORS_SECONDS = "600"


def same_origin(request: web.Request, origin: str) -> bool:
    """Whether the page that sent this request was served by us: `Origin` is our address, or the one in `Host`."""
    sent = request.headers.get("Origin", "")
    if sent == origin:
        return True
    try:
        parts = urlsplit(sent)
    except ValueError:
        return False
    return (
        parts.scheme == urlsplit(origin).scheme and bool(parts.netloc) and parts.netloc == request.headers.get("Host")
    )


def cors_headers(request: web.Request, allowed: tuple[str, ...]) -> dict[str, str]:
    """Headers that let a named foreign page read the answer; it uses tokens, never our cookie."""
    sent = request.headers.get("Origin", "")
    if sent not in allowed:
        return {}
    headers = {
        "Access-Control-Allow-Origin": sent,
        "Access-Control-Expose-Headers": "Retry-After, Date",
    }
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        headers["Access-Control-Max-Age"] = CORS_SECONDS
    return headers
