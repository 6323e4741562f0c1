/**
 * The worker through which all video of the relay goes: it stands between what arrives and the decoder, so that a page
 * which hangs shows no picture rather than one that nobody has checked. Its messages are in `worker-words.ts`.
 */

import type { Frame, Lane } from './lane';
import { Unsealing } from './unsealing';
import type { Asked, News, Order, TrackOptions } from './worker-words';

/** What TypeScript's own types of a page do not have. */
interface Transformer {
  readonly readable: ReadableStream<Frame>;
  readonly writable: WritableStream<Frame>;
  readonly options: TrackOptions;
}
interface WorkerScope {
  onmessage: (event: MessageEvent<Order>) => void;
  onrtctransform: (event: Event & { transformer: Transformer }) => void;
  postMessage(news: News): void;
}
const scope = globalThis as unknown as WorkerScope;

const sessions = new Map<number, Unsealing>();
/** Tracks that came before what is said of their session: messages and tracks arrive by ways of their own. */
const early = new Set<Transformer>();
/** Sessions are numbered upwards, and begin in that order. */
let last = 0;

scope.onmessage = ({ data: order }) => {
  const { id } = order;
  if (order.type === 'begin') begin(id, order);
  else if (order.type === 'letter') void sessions.get(id)?.letter(order.text);
  else if (order.type === 'shown') sessions.get(id)?.shown();
  else end(id);
};

scope.onrtctransform = ({ transformer }) => {
  const session = sessions.get(transformer.options.id);
  if (session) join(session, transformer);
  else if (transformer.options.id > last) early.add(transformer);
};

function begin(id: number, asked: Asked): void {
  last = id;
  const listener = {
    pictures: (pictures: number, plain: boolean) =>
      scope.postMessage({ type: 'pictures', id, pictures, plain }),
    untrue: (detail: string) => scope.postMessage({ type: 'untrue', id, detail }),
  };
  const session = new Unsealing(asked, listener, () => performance.now());
  sessions.set(id, session);
  for (const transformer of earlyOf(id)) join(session, transformer);
}

function end(id: number): void {
  sessions.delete(id);
  earlyOf(id);
}

function earlyOf(id: number): Transformer[] {
  const found = [...early].filter(({ options }) => options.id === id);
  for (const transformer of found) early.delete(transformer);
  return found;
}

function join(session: Unsealing, { readable, writable, options }: Transformer): void {
  const writer = writable.getWriter();
  // Nothing can be written once its connection is closed.
  const pass = (frame: Frame): Promise<void> => writer.write(frame).catch(() => undefined);
  const lane = session.track(options, pass);
  if (lane) void flow(readable, lane);
}

async function flow(frames: ReadableStream<Frame>, lane: Lane): Promise<void> {
  const reader = frames.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    lane.take(value);
  }
}
