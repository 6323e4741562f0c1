/**
 * One peer connection, with the element that will show it, made before anybody clicks.
 *
 * Making them costs a certificate, sockets, a look at the network interfaces and a media player: done in advance,
 * a click pays only for the handshake. `iceCandidatePoolSize` has the browser open its sockets at once.
 */

/** A pooled connection forgets how the network looked: it is remade after this long. */
const FRESH_MS = 120_000;
/** After one was taken, the browser is busy with its picture first. */
const REFILL_MS = 2_000;

export interface Ready {
  connection: RTCPeerConnection;
  /** Muted, plays by itself; shows `stream` once the page has loaded, or whoever takes it says `show`. */
  video: HTMLVideoElement;
  stream: MediaStream;
}

export class Prepared {
  private ready: Ready | null = null;
  private madeAt = 0;
  private iceServers: RTCIceServer[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes one, if there is none and this browser lets us. Cheap to call often. */
  prepare(): void {
    if (this.isFresh()) return;
    this.close();
    try {
      this.ready = make(this.iceServers);
      this.madeAt = performance.now();
    } catch {
      // Nobody waits for this one: whoever takes one is told.
    }
  }

  /**
   * The prepared one, or a new one; the next is made when the page has nothing better to do. Throws where an extension
   * or a policy has switched peer connections off.
   */
  take(): Ready {
    const fresh = this.isFresh() ? this.ready : null;
    if (fresh) this.ready = null;
    this.close();
    this.timer = setTimeout(() => this.prepare(), REFILL_MS);
    return fresh ?? make(this.iceServers);
  }

  /** This device is on another network: what was gathered is of no use. */
  renew(): void {
    if (!this.ready) return;
    this.close();
    this.prepare();
  }

  /** Sets the servers the broker names for a session; `remember` keeps them for the next connection. */
  use(connection: RTCPeerConnection, iceServers: RTCIceServer[], remember: boolean): void {
    const same =
      JSON.stringify(connection.getConfiguration().iceServers ?? []) === JSON.stringify(iceServers);
    // A page that waits for a click holds no place on a TURN server.
    if (remember) this.iceServers = iceServers.filter(({ credential }) => credential === undefined);
    if (!same) connection.setConfiguration(configuration(iceServers));
  }

  close(): void {
    clearTimeout(this.timer);
    this.ready?.connection.close();
    this.ready = null;
  }

  private isFresh(): boolean {
    return this.ready !== null && performance.now() - this.madeAt < FRESH_MS;
  }
}

/** `iceServers` is always given: left out, some stacks ask a stranger's STUN server. */
const configuration = (iceServers: RTCIceServer[]): RTCConfiguration => ({
  iceServers,
  bundlePolicy: 'max-bundle',
  rtcpMuxPolicy: 'require',
  iceCandidatePoolSize: 1,
});

function make(iceServers: RTCIceServer[]): Ready {
  const connection = new RTCPeerConnection(configuration(iceServers));
  const video = document.createElement('video');
  const stream = new MediaStream();
  video.muted = video.autoplay = video.playsInline = true;
  video.disablePictureInPicture = true;
  // A player with a source and no picture yet holds back its page's `load` (HTML §4.8.11.5): this one would for ever.
  if (document.readyState === 'complete') show(video, stream);
  else window.addEventListener('load', () => isOpen(connection) && show(video, stream), { once: true });
  return { connection, video, stream };
}

/** Gives the player its stream; a second time would make it begin anew. */
export function show(video: HTMLVideoElement, stream: MediaStream): void {
  video.srcObject ??= stream;
}

const isOpen = (connection: RTCPeerConnection): boolean => connection.signalingState !== 'closed';
