/** Server-sent events, read from text (HTML standard §9.2.6). Bytes in, events out; keeps nothing else. */

export interface ServerEvent {
  event: string;
  data: string;
}

/** Our events are one camera each, under 4 KiB; a stream that never ends a line is not ours. */
const MAX_PENDING = 256 * 1024;

export class EventReader {
  private pending = '';
  private event = '';
  private data: string[] = [];

  /** Events that `text` completes. Throws when the stream is not an event stream of ours. */
  read(text: string): ServerEvent[] {
    this.pending += text;
    if (this.pending.length > MAX_PENDING) throw new RangeError('an event larger than any of ours');
    // A CR at the end may be the first half of CRLF.
    const lines = this.pending.split(/\r\n|\n|\r(?=[^])/);
    this.pending = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return [];
    const [, field, value] = /^([^:]*):? ?([^]*)$/.exec(line) ?? [];
    if (field === 'event') this.event = value ?? '';
    else if (field === 'data') this.data.push(value ?? '');
    return [];
  }

  private dispatch(): ServerEvent[] {
    const { event, data } = this;
    this.event = '';
    this.data = [];
    return data.length ? [{ event: event || 'message', data: data.join('\n') }] : [];
  }
}
