"""Every kind of network is what it says it is: measured by probe, on both sides."""

import pytest

from tests.natlab.kinds import KINDS, SHARED
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, VIEWER

pytestmark = pytest.mark.namespace


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_as_declared(name: str) -> None:
    with Lab(camera="none" if name not in SHARED else name, viewer=name) as lab:
        assert lab.measure(VIEWER) == lab.viewer_kind.declared
        assert lab.measure(CAMERA) == lab.camera_kind.declared


def test_a_delayed_kind_is_the_same() -> None:
    with Lab(camera="restricted", viewer="symmetric", delay_ms=20) as lab:
        assert lab.measure(CAMERA) == lab.camera_kind.declared
        assert lab.measure(VIEWER) == lab.viewer_kind.declared
