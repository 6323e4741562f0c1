/** A socket whose other end is the test. */

import type { Socket } from '../core/signaling';

export class FakeSocket implements Socket {
  static made: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
    this.readyState = 3;
  }

  // --- the server's end ---

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: '2.0', ...message }) } as MessageEvent);
  }

  sayText(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  drop(): void {
    this.readyState = 3;
    this.onclose?.(new Event('close') as CloseEvent);
  }

  /** Answers the last call of that name. */
  answer(method: string, result: object): void {
    this.say({ id: this.last(method)?.['id'], result });
  }

  /** Refuses the last call of that name. */
  refuse(method: string, code: number, message: string): void {
    this.say({ id: this.last(method)?.['id'], error: { code, message } });
  }

  last(method: string): Record<string, unknown> | undefined {
    return this.sent.filter((message) => message['method'] === method).at(-1);
  }
}
