// werift, a WebRTC stack in TypeScript, as a viewer. Same lines as webrtcbin.py.
import { createInterface } from 'node:readline';
import { H264RtpPayload, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const h264 = new RTCRtpCodecParameters({
  mimeType: 'video/H264',
  clockRate: 90000,
  rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
});
const opus = new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48000, channels: 2 });

const PATIENCE = 64;

// Puts packets in order, and gives each frame when its last packet and all before it are there. werift throws away what
// comes before its keys are ready and does not always ask again: a gap is given up after `PATIENCE` packets.
class Frames {
  #waiting = new Map();
  #next;
  #parts = [];
  #fragment;
  take(packet) {
    const number = packet.header.sequenceNumber;
    this.#next ??= number;
    this.#waiting.set(number, packet);
    if (this.#waiting.size > PATIENCE) {
      this.#next = this.#waiting.keys().next().value;
      this.#parts = [];
      this.#fragment = undefined;
    }
    for (let due; (due = this.#waiting.get(this.#next)); this.#next = (this.#next + 1) & 0xffff) {
      this.#waiting.delete(this.#next);
      this.#add(due);
    }
  }
  #add({ payload, header }) {
    if (!payload.length) return;
    const read = H264RtpPayload.deSerialize(payload, this.#fragment);
    this.#fragment = read.fragment;
    if (!read.fragment) this.#parts.push(read.payload);
    if (!header.marker) return;
    say({ frame: Buffer.concat(this.#parts).toString('base64') });
    this.#parts = [];
  }
}

const peer = new RTCPeerConnection({ codecs: { audio: [opus], video: [h264] }, iceServers: [] });
peer.onTrack.subscribe((track) => {
  if (track.kind !== 'video') return;
  const frames = new Frames();
  track.onReceiveRtp.subscribe((packet) => frames.take(packet));
});
for await (const line of createInterface({ input: process.stdin })) {
  await peer.setRemoteDescription({ type: 'offer', sdp: JSON.parse(line).offer });
  await peer.setLocalDescription(await peer.createAnswer());
  say({ answer: peer.localDescription.sdp });
}
await peer.close();
process.exit(0);
