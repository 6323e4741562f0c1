/** What one attempt saw of the networks: the stuff a verdict is made of (`diagnosis.ts`). */

/** RFC 8839 §5.1: `typ` of a candidate. */
type CandidateKind = 'host' | 'srflx' | 'prflx' | 'relay';

interface ServerError {
  url: string;
  /** The STUN error code (RFC 8489 §14.8), or 701: no answer at all (W3C WebRTC §4.8.3). */
  code: number;
}

export interface Evidence {
  ours: ReadonlySet<CandidateKind>;
  theirs: ReadonlySet<CandidateKind>;
  errors: readonly ServerError[];
  /** The servers that were asked. */
  urls: readonly string[];
  /** Every server has answered or been given up. */
  gathered: boolean;
}

/** Servers times interfaces; more is noise. */
const MAX_ERRORS = 32;

export class Witness implements Evidence {
  readonly ours = new Set<CandidateKind>();
  readonly theirs = new Set<CandidateKind>();
  readonly errors: ServerError[] = [];
  urls: readonly string[] = [];
  gathered = false;

  asked(servers: readonly RTCIceServer[]): void {
    this.urls = servers.flatMap(({ urls }) => urls);
  }

  /** One of ours; null says that there are no more. */
  made(candidate: { candidate: string } | null): void {
    if (candidate) note(this.ours, candidate.candidate);
    else this.gathered = true;
  }

  /** One of theirs, or a whole description. */
  heard(text: string): void {
    note(this.theirs, text);
  }

  failed({ url, errorCode }: { url: string | null; errorCode: number }): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ url: url ?? '', code: errorCode });
  }
}

function note(kinds: Set<CandidateKind>, text: string): void {
  for (const [, kind] of text.matchAll(/\btyp (host|srflx|prflx|relay)\b/g)) kinds.add(kind as CandidateKind);
}
