"""From the camera through the relay to viewers that do ICE and DTLS: uploads begin, are shared, and end."""

from collections.abc import Awaitable, Callable
from typing import Any

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]


async def test_one_upload_serves_all_viewers(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    scene = await make_scene()
    viewers = [new_viewer() for _ in range(3)]
    for number, viewer in enumerate(viewers):
        await scene.watch(str(number), viewer)
    await eventually(lambda: all(viewer.packets > 200 for viewer in viewers))
    assert len(scene.uploads) == 1 and len(scene.sessions) == 1
    assert scene.ended == {} and scene.errors == []
