"""What went wrong, in a sentence for a person, and what to do. The web app shows these texts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    sentence: str
    advice: str


VERDICTS = (
    Verdict("wifi_password_wrong", "The Wi-Fi password is not right.", "Make a new code and type the password again."),
    Verdict(
        "network_not_found",
        "The camera cannot see this Wi-Fi.",
        "Check the name. Most cameras only know 2.4 GHz; a hidden network must be marked as hidden.",
    ),
    Verdict(
        "wifi_unavailable",
        "The camera has no Wi-Fi that it can use.",
        "Check its adapter and whether NetworkManager runs there; a wired camera needs no Wi-Fi.",
    ),
    Verdict(
        "no_internet",
        "The camera joined the Wi-Fi, but gets no further.",
        "Guest networks often want a sign-in page that a camera cannot fill in. Use another network.",
    ),
    Verdict(
        "server_unreachable",
        "The camera is on the Wi-Fi but cannot reach this server.",
        "Check that the server's address works from that network, for instance with a phone.",
    ),
    Verdict("server_untrusted", "The server's key is not the one in the code.", "Make a new code from this server."),
    Verdict(
        "server_unencrypted",
        "The code names a server address without encryption, so the camera sent nothing.",
        "Give the server an https address and make a new code.",
    ),
    Verdict(
        "token_expired",
        "The code was no longer valid: it had run out or been replaced.",
        "Use the newest code, or make one; it is good for ten minutes.",
    ),
    Verdict("token_used", "Another device has already used this code.", "If that was not you, make a new code."),
    Verdict("token_unknown", "This server does not know the code.", "Make a new code here and show that one."),
    Verdict("proof_invalid", "The camera could not prove its key.", "Restart the camera and try a new code."),
    Verdict("clock_wrong", "The camera's clock is wrong.", "Let it reach a time server, or set its clock."),
    Verdict(
        "network_not_allowed",
        "The camera called from a network that this code does not allow.",
        "Make a new code without the restriction, or with the camera's network.",
    ),
    Verdict(
        "activation_refused",
        "The camera and the server did not understand each other.",
        "Make a new code; if that does not help, update both.",
    ),
    Verdict(
        "identity_rejected",
        "The server no longer knew this camera.",
        "It was removed here, or paired anew. Pair it again.",
    ),
    Verdict(
        "code_wrong",
        "The setup code was not this camera's.",
        "Make a new code with the setup code that stands on this camera, or without one.",
    ),
    Verdict(
        "owner_unproven",
        "The server could not show the camera whose it is, so the camera did not join.",
        "Remove it here and make a new code. If it happens again, somebody may stand between you and the camera.",
    ),
    Verdict(
        "other_owner",
        "A code was held up to the camera that is not of its owner, so the camera did not join.",
        "If that was you, reset the camera and pair it anew. Otherwise look who can get in front of it.",
    ),
    Verdict(
        "not_trusted",
        "The camera saw that somebody stood between it and a viewer, and showed nothing.",
        "Ask whoever runs this server. Watch from the camera's own network until you know more.",
    ),
    Verdict(
        "factory_reset",
        "The camera was reset to its factory state.",
        "If that was you, pair it again. Otherwise somebody had it in the hand: look after it.",
    ),
    Verdict(
        "identity_contested",
        "Two devices take turns with this camera's key.",
        "Its key or its memory card may have been copied. Reset the camera and pair it again: that gives it a new key. "
        "A camera with a token needs a new token.",
    ),
    Verdict(
        "session_mismatch",
        "Something between this camera and a viewer did not fit.",
        "Somebody may have tried to get between them, perhaps this server; nothing was shown. If it happens again, "
        "watch from another network, and have whoever runs the server look at it.",
    ),
    Verdict("source_failed", "The camera has no picture.", "Check that its lens or stream works and is not in use."),
    Verdict("camera_unavailable", "The camera is offline.", "Check its power and its Wi-Fi."),
    Verdict("no_common_codec", "This browser cannot show the camera's kind of video.", "Try Chromium, Safari or Edge."),
    Verdict(
        "no_direct_way",
        "The two networks allow no direct connection.",
        "Try from the camera's own network, or add a TURN server to this Belvedere.",
    ),
    Verdict(
        "udp_blocked",
        "This network lets no UDP through, which direct video needs.",
        "The relay helps where the owner allows it. Otherwise try another network, for instance mobile data.",
    ),
    Verdict(
        "stun_silent",
        "No server told this device its public address.",
        "The UDP port of this Belvedere's relay must be open to the internet; `belvedere doctor` tells whether it is.",
    ),
    Verdict(
        "turn_refused",
        "The TURN server did not take the connection.",
        "Check that it has the same secret as this Belvedere; `belvedere doctor` tells what it answers.",
    ),
    Verdict(
        "camera_symmetric_nat",
        "The camera's router allows no direct connection from other networks.",
        "Allow the relay in the settings, or add a TURN server. In the camera's own network it works as it is.",
    ),
    Verdict(
        "relay_full",
        "The relay serves as many viewers as it may.",
        "Close a picture somewhere else, or raise the relay's limits (BELVEDERE_RELAY_VIEWERS).",
    ),
    Verdict(
        "relay_off",
        "The owner of this camera has ruled this way out.",
        "Whether its video may go through the relay is a setting of the owner's account.",
    ),
    Verdict(
        "relay_unreachable",
        "No relay can be reached at the moment.",
        "Whoever runs this Belvedere should check that its relay is running and that its port is open.",
    ),
    Verdict(
        "camera_asleep",
        "The camera is connected but does not wake up.",
        "Wait half a minute. If it stays like this, restart the camera.",
    ),
    Verdict("too_many_viewers", "The camera cannot serve another viewer.", "Close a picture somewhere else."),
    Verdict("camera_timeout", "The camera does not answer.", "It may be starting; wait a minute and try again."),
    Verdict(
        "untrusted",
        "Somebody may stand between you and the camera, so no picture is shown.",
        "What came was not signed by the camera that you know. If it was reset, pair it anew; if not, ask whoever runs "
        "this server.",
    ),
    Verdict(
        "stranger",
        "The camera does not know this browser.",
        "Let it in from a device that may watch, under Account. A guest asks the camera's owner for a new link.",
    ),
    Verdict(
        "insecure",
        "This page came without encryption, so it cannot check who sends the picture.",
        "Open this Belvedere by its https address.",
    ),
    Verdict(
        "unsealable",
        "This browser cannot open the encrypted video that comes over the relay.",
        "Use a current version of Chromium, Firefox, Safari or Edge, or a network that lets the video through "
        "directly.",
    ),
    Verdict("server_away", "This server cannot be reached at the moment.", "A running picture goes on without it."),
)
