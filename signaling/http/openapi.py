"""The OpenAPI 3.1 document, made from the table of routes and the types that validate."""

import re
from typing import Any

import msgspec

from signaling.http import shapes
from signaling.http.call import Route
from signaling.http.links import add_links
from signaling.http.problems import CONTENT_TYPE, PROBLEMS
from signaling.protocol.messages import SOCKET_PATH
from signaling.tokens import COOKIE, cookie_name

REF = "#/components/schemas/{name}"
ALWAYS = ("invalid_request", "too_many_requests", "internal", "store_damaged", "store_unavailable", "live_unavailable")
WITH_BODY = ("invalid_body", "request_timeout", "body_too_large", "unsupported_media_type")

TAGS = {
    "accounts": "account",
    "sessions": "account",
    "passkey-challenges": "account",
    "me": "account",
    "password-resets": "account",
    "invitations": "account",
    "cameras": "cameras",
    "events": "cameras",
    "transfers": "cameras",
    "socket-tickets": "cameras",
    "camera": "device",
    "audit": "account",
}
"""The first part of a path, and the heading it stands under."""


def document(routes: tuple[Route, ...], *, origin: str, version: str) -> dict[str, Any]:
    """The document as JSON-like data."""
    kinds: list[type] = [k for route in routes for k in (route.body, route.answer) if isinstance(k, type)]
    ordered = sorted({*kinds, shapes.Problem}, key=_name)
    _, components = msgspec.json.schema_components(ordered, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    add_links(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Belvedere",
            "version": version,
            "summary": "Onboard cameras by QR code and watch them.",
            "description": f"Video and its signaling travel over the WebSocket `{SOCKET_PATH}` (ONVIF WebRTC).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": origin}],
        "paths": paths,
        "x-problems": {code: {"status": status, "title": title} for code, (status, title) in PROBLEMS.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie_name(COOKIE, origin)},
            },
        },
    }


def _name(kind: type) -> str:
    return kind.__name__


def problem_codes(route: Route) -> list[str]:
    """Every code that this route may answer with."""
    codes = {*ALWAYS, *route.problems}
    if route.body is not None:
        codes |= set(WITH_BODY)
    if route.query is not None:
        codes.add("invalid_query")
    if route.auth == "account":
        codes |= {"unauthorized", *(("origin_refused",) if route.method != "GET" else ())}
    return sorted(codes, key=lambda code: (PROBLEMS[code][0], code))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": route.summary,
        "tags": [_tag(route.path)],
        "responses": _responses(route),
        "security": [{"token": []}, {"cookie": []}] if route.auth == "account" else [],
    }
    names = re.findall(r"{(\w+)}", route.path)
    if names:
        schema = {"type": "string", "maxLength": 64}
        operation["parameters"] = [{"name": n, "in": "path", "required": True, "schema": schema} for n in names]
    if route.query is not None:
        operation.setdefault("parameters", []).extend(_query(route.query))
    if route.body is not None:
        required = bool(msgspec.json.schema(route.body)["$defs"][route.body.__name__].get("required"))
        operation["requestBody"] = {"required": required, "content": _json(route.body)}
    return operation


def _query(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """Each member of the type is a parameter, left out where it has a default."""
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": member}
        for name, member in schema["properties"].items()
    ]


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {str(route.status): _success(route)}
    for code in problem_codes(route):
        status, title = PROBLEMS[code]
        known = responses.setdefault(str(status), {"description": "", "content": {CONTENT_TYPE: _ref("Problem")}})
        known["description"] += f"{'; ' if known['description'] else ''}`{code}`: {title}"
    return responses


def _success(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {"description": "Done"}
    if isinstance(route.answer, str):
        return {"description": route.summary, "content": {route.answer: {"schema": {"type": "string"}}}}
    return {"description": (route.answer.__doc__ or route.summary).split("\n")[0], "content": _json(route.answer)}


def _json(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": _ref(kind.__name__)}


def _ref(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": REF.format(name=name)}}


def _tag(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] != "api":
        return "server"
    return TAGS.get(parts[1], "server")
