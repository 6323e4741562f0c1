/**
 * One viewing session: from `connect` to the last frame, on one peer connection. It never tries again.
 *
 * The answer leaves before our own description is set: the camera can then start its handshake while this
 * browser still prepares. It cannot come too early, for until our candidates are gathered nobody knows where to
 * send anything (JSEP, RFC 9429 §5.3).
 */

import { EarlyCandidates } from './early-candidates';
import { Witness } from './evidence';
import { Lease } from './lease';
import { Fault, Notice, SignalingError, type Connected, type Via } from './messages';
import { show, type Prepared } from './prepared';
import { causeOf, messageOf, refusalOf } from './refusals';
import { Relayed } from './relayed';
import type { SessionHandler } from './sessions';
import type { SignalingClient } from './signaling';
import type { Sample } from './stats';
import { Untrue } from './trust/untrue';
import type { Visit } from './trust/visit';
import type { Cause } from './watch-state';

/** For all of it: a camera's lens or a relay's upload may take its time to begin. */
const FIRST_FRAME_TIMEOUT_MS = 15_000;
/** From the offer to a pair of addresses that works: hole punching with lost packets takes half of it. */
const PAIR_TIMEOUT_MS = 5_000;

/**
 * What protects a picture. `signed`: camera and browser have shown each other their certificates. `sealed`: it comes over
 * the relay, encrypted by the camera for us. `standard`: the relay could watch, as the camera's owner allows. `server`:
 * whoever is at the other end is what the server says.
 */
export type Privacy = 'signed' | 'sealed' | 'standard' | 'server';

export interface AttemptOwner {
  /** The server has passed the wish on; which way it goes, and which there are. */
  answered(attempt: Attempt, answer: Connected): void;
  /** The first frame is on screen. Milliseconds since the attempt began. */
  picture(attempt: Attempt, firstFrameMs: number): void;
  lost(attempt: Attempt, cause: Cause, detail: string): void;
  /** The transport says that it hears nothing, or hears again. */
  connectivity(attempt: Attempt, good: boolean): void;
  /** This session has no future, though its picture may still flow. */
  orphaned(attempt: Attempt): void;
}

type Reply = (answer: string, proof: string | null) => void;
type Refuse = (code: number, why: string) => void;

export class Attempt implements SessionHandler {
  readonly video: HTMLVideoElement;
  readonly connection: RTCPeerConnection;
  readonly witness = new Witness();
  session: string | null = null;
  via: Via;
  firstFrameMs: number | null = null;
  private readonly relayed = new Relayed({
    counted: () => {
      if (this.hasFrame) this.firstFrame();
    },
    lost: (cause, detail) => this.fail(cause, detail),
  });
  private readonly lease = new Lease(
    () => this.signaling.extend(this.session ?? ''),
    (error) => this.ends(error),
  );
  private offer = '';
  private hasFrame = false;
  private readonly began = performance.now();
  private readonly stream: MediaStream;
  private readonly early = new EarlyCandidates();
  private described = false;
  private over = false;
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private pairing: ReturnType<typeof setTimeout> | undefined;
  private settling: ReturnType<typeof setTimeout> | undefined;

  /** Throws where this browser makes no peer connections. `visit`: null for a camera that knows no owner. */
  constructor(
    readonly number: number,
    camera: string,
    via: Via | null,
    private readonly signaling: SignalingClient,
    private readonly prepared: Prepared,
    private readonly owner: AttemptOwner,
    private readonly visit: Visit | null = null,
  ) {
    // First of all the message that takes the longest way.
    const connected = visit
      ? visit.ask((trust) => signaling.connect(camera, this, via, trust))
      : signaling.connect(camera, this, via);
    this.via = via ?? 'direct';
    connected.then(
      (answer) => {
        this.session = answer.session;
        if (this.over) return this.signaling.close(answer.session, 'left');
        this.accepted(answer);
      },
      (error: unknown) => this.fail(refusalOf(error), messageOf(error)),
    );
    try {
      ({ connection: this.connection, video: this.video, stream: this.stream } = prepared.take());
    } catch (error) {
      this.over = true; // the session that was asked for is left when it comes
      throw error;
    }
    this.wire();
    this.deadline = setTimeout(() => this.tooLate(), FIRST_FRAME_TIMEOUT_MS);
  }

  private accepted(answer: Connected): void {
    this.via = answer.via;
    this.witness.asked(answer.iceServers);
    // Towards a relay they are others, and must be: whatever comes from the address of a STUN server, Chromium takes for
    // that server's answers, and a relay answers STUN at the port its media comes from. So the next connection, which
    // gathers before its way is known, keeps those of the direct way.
    this.prepared.use(this.connection, answer.iceServers, answer.via === 'direct');
    this.lease.keep(answer.expiryTimeSeconds);
    this.owner.answered(this, answer);
    if (this.visit && answer.via === 'relay' && !this.over) this.relayed.begin(this.visit);
  }

  /** By a camera that knows its owner, past whoever runs the relay. */
  private get isRelayed(): boolean {
    return this.visit !== null && this.via === 'relay';
  }

  // --- what signaling tells (SessionHandler) ---

  invited(offer: string, proof: string | null, reply: Reply, refuse: Refuse): void {
    if (this.over) return refuse(Fault.GONE, 'the viewer has left');
    if (this.described) return refuse(Fault.BAD_REQUEST, 'this session has its offer');
    this.described = true;
    this.offer = offer;
    this.witness.heard(offer);
    this.pairing = setTimeout(() => this.withoutPair(), PAIR_TIMEOUT_MS);
    this.answer(proof, reply, refuse).catch((error: unknown) => {
      const untrue = error instanceof Untrue;
      refuse(untrue ? Fault.NOT_TRUSTED : Fault.BAD_REQUEST, messageOf(error));
      this.fail(untrue ? 'untrusted' : 'silent', messageOf(error));
    });
  }

  candidate(candidate: RTCIceCandidateInit): void {
    if (this.over) return;
    this.witness.heard(candidate.candidate ?? '');
    if (!this.connection.remoteDescription) return this.early.add(candidate);
    // One candidate this browser cannot use (its kind, its family) is no reason to give up the others.
    this.connection.addIceCandidate(candidate).catch(() => undefined);
  }

  enveloped(text: string): void {
    this.relayed.letter(text);
  }

  faulted(code: number, message: string): void {
    // Flowing media goes on without any socket: 1002 ends only a session that is being set up (DESIGN §4).
    if (code === Notice.PEER_DISCONNECTED && this.firstFrameMs !== null) return;
    if (code === Notice.MALFORMED_CANDIDATE) return;
    const cause = causeOf(new SignalingError(code, message));
    // Why one that flowed was ended, the next attempt finds out.
    this.fail(this.firstFrameMs === null || cause === 'forbidden' ? cause : 'ended', message);
  }

  closed(reason: string): void {
    this.session = null;
    // A camera or relay that found no way gives up as we do, and may be the first to say so. Where the right to watch
    // has ended, the next attempt is refused, and says so.
    this.fail(this.described && !this.isPaired() ? 'path' : 'ended', reason);
  }

  orphaned(): void {
    this.session = null;
    this.lease.end();
    if (this.firstFrameMs === null) this.fail('signaling', 'the server lost this session');
    else this.owner.orphaned(this);
  }

  // --- the media ---

  get privacy(): Privacy {
    if (!this.visit) return 'server';
    if (this.via === 'direct') return 'signed';
    return this.relayed.plain ? 'standard' : 'sealed';
  }

  /** A number that grows while the picture flows: of good frames, where they are checked, for anybody can send packets. */
  arrived(sample: Sample | null): number | null {
    return this.relayed.isOpen ? this.relayed.pictures : (sample?.packets ?? null);
  }

  /** How many of those that are checked were decoded; null where the browser does not say, and of others. */
  decoded(sample: Sample | null): number | null {
    return this.relayed.isOpen ? (sample?.frames ?? null) : null;
  }

  /** Calls back unless it is closed before. */
  later(milliseconds: number, call: () => void): void {
    this.settling = setTimeout(call, milliseconds);
  }

  close(reason: string): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.deadline);
    clearTimeout(this.pairing);
    this.lease.end();
    clearTimeout(this.settling);
    if (this.session) this.signaling.close(this.session, reason);
    this.relayed.end();
    this.connection.ontrack = this.connection.onicecandidate = this.connection.onconnectionstatechange = null;
    this.connection.onicecandidateerror = null;
    this.connection.close();
    this.video.srcObject = null;
    this.video.remove();
  }

  private wire(): void {
    const { connection } = this;
    this.awaitFirstFrame();
    connection.ontrack = ({ track, receiver }) => {
      asLittleDelayAsPossible(receiver);
      if (this.isRelayed && !this.relayed.guard(receiver, track.kind, this.offer)) return;
      this.stream.addTrack(track);
      show(this.video, this.stream);
    };
    connection.onicecandidateerror = (error) => this.witness.failed(error);
    connection.onicecandidate = ({ candidate }) => {
      this.witness.made(candidate);
      if (this.session) this.signaling.trickle(this.session, candidate ? candidate.toJSON() : null);
    };
    connection.onconnectionstatechange = () => this.changed(connection.connectionState);
  }

  private async answer(proof: string | null, reply: Reply, refuse: Refuse): Promise<void> {
    const { connection, offer, visit, session } = this;
    const offered = visit && this.via === 'direct' ? await visit.check(offer, proof, session ?? '') : null;
    if (this.over) return;
    // Asked for in one go: the browser queues both (W3C WebRTC §4.4.1.2) and spares a turn of this thread.
    const set = connection.setRemoteDescription({ type: 'offer', sdp: offer });
    const [answer] = await Promise.all([connection.createAnswer(), set]);
    if (this.over) return;
    const sdp = answer.sdp ?? '';
    if (!sharesVideo(sdp)) return this.noCodec(sdp, offered ? null : reply, refuse);
    reply(sdp, visit && offered ? await visit.prove(offered, sdp) : null);
    await connection.setLocalDescription(answer);
    for (const candidate of this.early.take()) this.candidate(candidate);
  }

  /** The camera sees the rejected section, and says the same in its log. Where nothing is left, there is nothing to sign. */
  private noCodec(answer: string, reply: Reply | null, refuse: Refuse): void {
    if (reply) reply(answer, null);
    else refuse(Fault.NOT_ACCEPTABLE, 'no common video format');
    this.fail('codec', 'no common video format');
  }

  private awaitFirstFrame(): void {
    const { video } = this;
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => this.firstFrame());
    // Nothing is composed in a hidden page, so the callback above stays silent there.
    video.addEventListener('loadeddata', () => {
      if (document.hidden || !('requestVideoFrameCallback' in video)) this.firstFrame();
    });
  }

  private firstFrame(): void {
    if (this.over || this.firstFrameMs !== null) return;
    this.hasFrame = true;
    // The worker's word of it is on its way.
    if (this.isRelayed && this.relayed.pictures === null) return;
    clearTimeout(this.deadline);
    this.relayed.shown();
    this.firstFrameMs = performance.now() - this.began;
    this.owner.picture(this, this.firstFrameMs);
  }

  private changed(state: RTCPeerConnectionState): void {
    if (state === 'failed' || state === 'closed') this.fail('path', state);
    else if (state === 'disconnected') this.owner.connectivity(this, false);
    else if (state === 'connected') this.owner.connectivity(this, true);
  }

  private tooLate(): void {
    const connected = this.connection.connectionState === 'connected';
    if (!this.described) this.fail('asleep', 'the camera made no offer');
    else this.fail(connected ? 'silent' : 'path', 'no picture within the time');
  }

  private withoutPair(): void {
    if (!this.isPaired()) this.fail('path', 'no pair of addresses within the time');
  }

  private isPaired(): boolean {
    return ['connected', 'completed', 'disconnected'].includes(this.connection.iceConnectionState);
  }

  /** The right to watch is over, unlike a server that cannot be reached. */
  private ends(error: unknown): boolean {
    const cause = causeOf(error);
    if (cause === 'forbidden') this.fail(cause, messageOf(error));
    return cause === 'forbidden';
  }

  private fail(cause: Cause, detail: string): void {
    if (!this.over) this.owner.lost(this, cause, detail);
  }
}

/** A rejected section has port 0 (RFC 9429 §5.3.1). No video section at all is no better. */
export function sharesVideo(answer: string): boolean {
  return /^m=video (?!0 )/m.test(answer);
}

/** People watch what happens now: a frame late is better than a second behind. */
function asLittleDelayAsPossible(receiver: RTCRtpReceiver): void {
  const tunable = receiver as RTCRtpReceiver & { jitterBufferTarget?: number; playoutDelayHint?: number };
  if ('jitterBufferTarget' in tunable) tunable.jitterBufferTarget = 0;
  else if ('playoutDelayHint' in tunable) (tunable as { playoutDelayHint?: number }).playoutDelayHint = 0;
}
