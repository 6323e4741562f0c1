"""Where the answer of one route names what other routes are about, as OpenAPI links (OpenAPI 3.1 §4.8.20)."""

from typing import Any

_CAMERA = "/api/cameras/{id}"
_LOOKS = (f"GET {_CAMERA}", f"GET {_CAMERA}/grants", f"GET {_CAMERA}/viewers")
_CHANGES = (f"PATCH {_CAMERA}", f"DELETE {_CAMERA}")
_OF_GRANT = ("PATCH /api/grants/{id}", "DELETE /api/grants/{id}")
_OF_PASSKEY = ("PATCH /api/me/passkeys/{id}", "POST /api/me/passkeys/{id}/remove")

LINKS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "POST /api/cameras",
        "$response.body#/camera/id",
        (*_LOOKS, *_CHANGES, f"POST {_CAMERA}/pairing", f"DELETE {_CAMERA}/pairing"),
    ),
    ("GET /api/cameras", "$response.body#/cameras/0/id", (*_LOOKS, f"POST {_CAMERA}/invitations")),
    (f"POST {_CAMERA}/invitations", "$response.body#/id", ("DELETE /api/grant-invitations/{id}",)),
    (f"GET {_CAMERA}/grants", "$response.body#/grants/0/id", _OF_GRANT),
    ("GET /api/me/factors", "$response.body#/passkeys/0/id", _OF_PASSKEY),
    ("GET /api/sessions", "$response.body#/sessions/0/id", ("DELETE /api/sessions/{id}",)),
    (f"DELETE {_CAMERA}", "$request.path.id", (f"GET {_CAMERA}",)),
)
"""The route that answers, where the id stands, and the routes that it is the `{id}` of; of what was removed, those that
say that it is gone."""


def add_links(paths: dict[str, dict[str, Any]]) -> None:
    """To the `paths` of a document, at each answer that is a success."""
    for source, expression, targets in LINKS:
        responses = _operation(paths, source)["responses"]
        success = responses[min(responses)]
        for target in targets:
            name = _operation(paths, target)["operationId"]
            link = {"operationId": name, "parameters": {"id": expression}}
            success.setdefault("links", {})[name] = link


def _operation(paths: dict[str, dict[str, Any]], route: str) -> dict[str, Any]:
    method, _, path = route.partition(" ")
    operation: dict[str, Any] = paths[path][method.lower()]
    return operation
