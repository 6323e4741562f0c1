/**
 * One peer connection made before anybody clicks.
 *
 * Making one costs a certificate, sockets and a look at the network interfaces: done in advance, a click pays
 * only for the handshake. `iceCandidatePoolSize` has the browser open its sockets at once.
 */

/** A pooled connection forgets how the network looked: it is remade after this long. */
const FRESH_MS = 120_000;

export class Prepared {
  private ready: RTCPeerConnection | null = null;
  private madeAt = 0;
  private iceServers: RTCIceServer[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes one, if there is none. Cheap to call often. */
  prepare(): void {
    if (this.ready && performance.now() - this.madeAt < FRESH_MS) return;
    this.ready?.close();
    this.ready = make(this.iceServers);
    this.madeAt = performance.now();
  }

  /** The prepared connection, or a new one; the next is made when the page has nothing better to do. */
  take(): RTCPeerConnection {
    const fresh = this.ready && performance.now() - this.madeAt < FRESH_MS ? this.ready : null;
    if (!fresh) this.ready?.close();
    this.ready = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.prepare(), 2_000);
    return fresh ?? make(this.iceServers);
  }

  /** Sets the servers the broker names for a session, and keeps them for the next connection. */
  use(connection: RTCPeerConnection, iceServers: RTCIceServer[]): void {
    const same =
      JSON.stringify(connection.getConfiguration().iceServers ?? []) === JSON.stringify(iceServers);
    this.iceServers = iceServers;
    if (!same) connection.setConfiguration(configuration(iceServers));
  }

  close(): void {
    clearTimeout(this.timer);
    this.ready?.close();
    this.ready = null;
  }
}

/** `iceServers` is always given: left out, some stacks ask a stranger's STUN server. */
const configuration = (iceServers: RTCIceServer[]): RTCConfiguration => ({
  iceServers,
  bundlePolicy: 'max-bundle',
  rtcpMuxPolicy: 'require',
  iceCandidatePoolSize: 1,
});

const make = (iceServers: RTCIceServer[]): RTCPeerConnection =>
  new RTCPeerConnection(configuration(iceServers));
