"""GStreamer's webrtcbin as a viewer. Needs Debian's python3, which has GStreamer's bindings.

Lines of JSON: `{"offer": sdp}` on standard input gives `{"answer": sdp}` on standard output, and then each received
frame as `{"frame": base64 of an Annex B access unit}`. Ends with its input.
"""

import base64
import json
import sys
import threading
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402  (gi wants the versions first)

FRAMES = (
    "rtph264depay ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au "
    "! appsink name=frames emit-signals=true sync=false max-buffers=0"
)
WANTED = "application/x-rtp,media=video,encoding-name=H264"


def say(**message: str) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def on_frame(sink: Any) -> Any:
    buffer = sink.emit("pull-sample").get_buffer()
    say(frame=base64.b64encode(buffer.extract_dup(0, buffer.get_size())).decode())
    return Gst.FlowReturn.OK


def on_pad(_: Any, pad: Any, pipeline: Any) -> None:
    if pad.direction != Gst.PadDirection.SRC:
        return
    if not pad.get_current_caps().is_subset(Gst.Caps.from_string(WANTED)):
        branch = Gst.parse_bin_from_description("fakesink sync=false", True)
    else:
        branch = Gst.parse_bin_from_description(FRAMES, True)
        branch.get_by_name("frames").connect("new-sample", on_frame)
    pipeline.add(branch)
    branch.sync_state_with_parent()
    pad.link(branch.get_static_pad("sink"))


def described(kind: Any, text: str) -> Any:
    _, sdp = GstSdp.SDPMessage.new_from_text(text)
    return GstWebRTC.WebRTCSessionDescription.new(kind, sdp)


def ask(peer: Any, name: str, *values: Any) -> Any:
    """A request of webrtcbin, waited for. What is in the reply lives as long as the reply."""
    promise = Gst.Promise.new()
    peer.emit(name, *values, promise)
    promise.wait()
    return promise.get_reply()


def main() -> None:
    Gst.init(None)
    offer = json.loads(sys.stdin.readline())["offer"]
    pipeline = Gst.Pipeline.new("viewer")
    peer = Gst.ElementFactory.make("webrtcbin", "peer")
    peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(peer)
    peer.connect("pad-added", on_pad, pipeline)
    pipeline.set_state(Gst.State.PLAYING)
    ask(peer, "set-remote-description", described(GstWebRTC.WebRTCSDPType.OFFER, offer))
    reply = ask(peer, "create-answer", None)
    answer = reply.get_value("answer")
    ask(peer, "set-local-description", answer)
    say(answer=answer.sdp.as_text())
    threading.Thread(target=sys.stdin.read, daemon=True).start()
    sys.stdin.read()
    pipeline.set_state(Gst.State.NULL)


main()
