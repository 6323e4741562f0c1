"""A real RTSP server for the tests, run with Debian's Python: `rtsp_server.py PORT`. Prints "ready", ends with stdin.

/open/* need no password, /locked needs owner:s3cret.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "
SOUND = "audiotestsrc is-live=true ! audioconvert ! audioresample ! "
H264 = PICTURE + "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 "
PATHS = {
    "/open/h264": H264,
    "/open/opus": H264 + SOUND + "audio/x-raw,rate=48000 ! opusenc ! rtpopuspay name=pay1 pt=97",
    "/open/pcmu": H264 + SOUND + "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0",
    "/open/pcma": H264 + SOUND + "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8",
    "/open/aac": H264 + SOUND + "audio/x-raw,rate=44100 ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "/open/h265": PICTURE
    + "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay name=pay0 pt=96",
    "/open/jpeg": PICTURE + "jpegenc ! rtpjpegpay name=pay0 pt=26",
    "/locked": H264,
}


def main(port: str) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic("owner", "s3cret"), token("owner"))
    auth.set_default_token(token("anybody"))
    server.set_auth(auth)
    for path, pipeline in PATHS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {pipeline} )")
        factory.set_shared(True)
        factory.set_permissions(permissions(open_to_all=path != "/locked"))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print("ready", flush=True)
    loop.run()


def token(role: str) -> "GstRtspServer.RTSPToken":
    made = GstRtspServer.RTSPToken()
    made.set_string("media.factory.role", role)
    return made


def permissions(*, open_to_all: bool) -> "GstRtspServer.RTSPPermissions":
    made = GstRtspServer.RTSPPermissions()
    for role, may in (("owner", True), ("anybody", open_to_all)):
        # Who may see a path but not use it is asked for a password; who may not see it is told that it is not there.
        made.add_permission_for_role(role, "media.factory.access", True)
        made.add_permission_for_role(role, "media.factory.construct", may)
    return made


if __name__ == "__main__":
    main(sys.argv[1])
