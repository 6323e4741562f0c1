"""Each test of the access matrix has a server of its own on a copy of the stage."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest

from signaling.server import Running, serving
from tests.signaling.access.scene import Scene
from tests.signaling.access.stage import OWNER, Stage, build
from tests.signaling.helpers import api_of, named_settings


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """In a thread, because a test's own loop may be there already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(build(tmp_path_factory.mktemp("stage")))).result()


@pytest.fixture
async def running(stage: Stage, tmp_path: Path) -> AsyncIterator[Running]:
    shutil.copytree(stage.folder, tmp_path / "data")
    async with serving(named_settings(tmp_path / "data")) as server:
        yield server


@pytest.fixture
async def scene(stage: Stage, running: Running, http: aiohttp.ClientSession) -> Scene:
    owner = await api_of(running, http)
    scene = Scene(running, owner, stage)
    owner.token = await scene.fresh_token(OWNER)
    return scene
