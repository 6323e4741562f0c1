"""Every failure has words."""

from camera_peer.problem import Problem
from signaling.verdicts import VERDICTS


def test_whatever_a_camera_reports_is_explained() -> None:
    explained = {verdict.code for verdict in VERDICTS}
    assert {str(problem) for problem in Problem} <= explained
    assert len(explained) == len(VERDICTS)
