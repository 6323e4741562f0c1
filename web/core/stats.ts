/** What `getStats` says, in the words people read: pure functions over one report and the one before. */

import type { Via } from './messages';

/** `turn`: through a TURN server, still encrypted end to end. `relay`: through Belvedere's own relay. */
export type Way = 'direct' | 'turn' | 'relay';

export interface Sample {
  /** Milliseconds, by `performance`. */
  at: number;
  bytes: number;
  packets: number;
  lost: number;
  /** Decoded; null where the browser does not say. */
  frames: number | null;
}

export interface Quality {
  way: Way | null;
  /** Milliseconds. */
  roundTrip: number | null;
  /** Percent of the packets since the last sample. */
  loss: number | null;
  /** Bits per second. */
  bitrate: number | null;
  framesPerSecond: number | null;
  width: number;
  height: number;
  codec: string | null;
  /** For instance `AEAD_AES_128_GCM`. */
  encryption: string | null;
  localKind: string | null;
  remoteKind: string | null;
}

type Entry = Record<string, unknown> & { id: string; type: string };
/** `RTCStatsReport` and a plain Map both fit. */
export type Report = { forEach(each: (entry: Entry) => void): void };

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const word = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What the picture has received so far. Null before the first packet. */
export function sample(report: Report, now: number): Sample | null {
  const video = incomingVideo(index(report));
  if (!video) return null;
  const frames = video['framesDecoded'];
  return {
    at: now,
    bytes: number(video['bytesReceived']),
    packets: number(video['packetsReceived']),
    lost: number(video['packetsLost']),
    frames: typeof frames === 'number' ? frames : null,
  };
}

/** `via`: what the server said of the session; a relay looks like any other peer from here. */
export function quality(
  report: Report,
  before: Sample | null,
  after: Sample | null,
  via: Via = 'direct',
): Quality {
  const entries = index(report);
  const video = incomingVideo(entries);
  const pair = selectedPair(entries);
  const local = entries.get(String(pair?.['localCandidateId']));
  const remote = entries.get(String(pair?.['remoteCandidateId']));
  const transport = [...entries.values()].find((entry) => entry.type === 'transport');
  const codec = word(entries.get(String(video?.['codecId']))?.['mimeType']);
  const roundTrip = pair?.['currentRoundTripTime'];
  return {
    way: pair ? wayOf(via, word(local?.['candidateType']), word(remote?.['candidateType'])) : null,
    roundTrip: typeof roundTrip === 'number' ? roundTrip * 1000 : null,
    ...rates(before, after),
    width: number(video?.['frameWidth']),
    height: number(video?.['frameHeight']),
    codec: codec?.replace(/^video\//, '') ?? null,
    encryption: word(transport?.['srtpCipher']),
    localKind: word(local?.['candidateType']),
    remoteKind: word(remote?.['candidateType']),
  };
}

/** One relayed end is enough: the packets pass the TURN server. */
export function wayOf(via: Via, local: string | null, remote: string | null): Way {
  if (via === 'relay') return 'relay';
  return local === 'relay' || remote === 'relay' ? 'turn' : 'direct';
}

export function rates(
  before: Sample | null,
  after: Sample | null,
): Pick<Quality, 'loss' | 'bitrate' | 'framesPerSecond'> {
  if (!before || !after || after.at <= before.at) return { loss: null, bitrate: null, framesPerSecond: null };
  const seconds = (after.at - before.at) / 1000;
  // RFC 3550 §6.4.1: the cumulative loss may go down when duplicates arrive.
  const lost = Math.max(0, after.lost - before.lost);
  const packets = Math.max(0, after.packets - before.packets) + lost;
  const decoded = before.frames === null || after.frames === null ? null : after.frames - before.frames;
  return {
    loss: packets ? (100 * lost) / packets : null,
    bitrate: (8 * Math.max(0, after.bytes - before.bytes)) / seconds,
    framesPerSecond: decoded === null ? null : Math.max(0, decoded) / seconds,
  };
}

function index(report: Report): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  report.forEach((entry) => entries.set(entry.id, entry));
  return entries;
}

function incomingVideo(entries: Map<string, Entry>): Entry | undefined {
  return [...entries.values()].find((entry) => entry.type === 'inbound-rtp' && entry['kind'] === 'video');
}

/** Chromium and Safari name the pair in the transport; Firefox marks the pair itself. */
function selectedPair(entries: Map<string, Entry>): Entry | undefined {
  const all = [...entries.values()];
  const named = all.find((entry) => entry.type === 'transport')?.['selectedCandidatePairId'];
  const pairs = all.filter((entry) => entry.type === 'candidate-pair');
  return (
    entries.get(String(named)) ??
    pairs.find((pair) => pair['selected'] === true) ??
    pairs.find((pair) => pair['nominated'] === true && pair['state'] === 'succeeded')
  );
}
