"""Whose codes a camera takes through its lens: everybody's, until somebody has proven to be its owner; then only his.

A camera that its server rejects often enough forgets the pairing and opens its lens (`camera_peer.lifecycle`). Only the
server can bring that about, and it is not trusted with whose the camera is: together with somebody who holds a code in
the camera's view it could otherwise take it over. What was learnt of the owner outlives the pairing
(`camera_peer.memory`), and with it that nobody else's code counts. Hands on the camera decide otherwise, by a factory
reset or by `belvedere-camera pair`.
"""

from camera_peer.activation_answer import secret_of
from camera_peer.owner import OwnerFacts, is_same
from camera_peer.problem import CameraProblem, Problem
from signaling.protocol.qr import OnboardingCode

UNPROVABLE = (
    "This camera belongs to somebody, and this code cannot prove that it is theirs. Make it in a browser that may "
    "watch the camera, or reset the camera to pair it anew."
)


def check_code(code: OnboardingCode, kept: OwnerFacts | None) -> None:
    """Before a network is joined and anything is sent. `kept`: of the owner who counts, None where anybody's code does.

    Raises `CameraProblem` for a code without a secret: no answer to it could prove whose it is.
    """
    if kept is not None and secret_of(code) is None:
        raise CameraProblem(Problem.OTHER_OWNER, UNPROVABLE)


def check_owner(shown: OwnerFacts | None, kept: OwnerFacts | None) -> None:
    """After the activation, whose answer has proven `shown` under the code's secret. Raises `CameraProblem` for another
    ring than the kept one, and for one that parts from it: somebody who was taken off it may have gone on alone.

    Only that answer names the ring, so a code that is refused here is used up, and its server holds the camera's key
    for one that will never come.
    """
    if kept is not None and (shown is None or not is_same(shown, kept)):
        raise CameraProblem(Problem.OTHER_OWNER)
