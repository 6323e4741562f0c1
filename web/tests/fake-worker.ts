/** The worker's place in a page: what it is told, and what it says when the test wants it to. */

import type { News, Order } from '../core/trust/worker-words';

export class FakeWorker {
  static made: FakeWorker[] = [];
  readonly orders: Order[] = [];
  onmessage: ((event: { data: News }) => void) | null = null;
  onerror: (() => void) | null = null;
  ended = false;

  constructor() {
    FakeWorker.made.push(this);
  }

  postMessage(order: Order): void {
    this.orders.push(order);
  }

  terminate(): void {
    this.ended = true;
  }

  say(news: News): void {
    this.onmessage?.({ data: news });
  }

  /** Of these orders, the last. */
  last<T extends Order['type']>(type: T): Extract<Order, { type: T }> | undefined {
    return this.orders.findLast((order): order is Extract<Order, { type: T }> => order.type === type);
  }
}

export class FakeTransform {
  constructor(
    readonly worker: unknown,
    readonly options: unknown,
  ) {}
}
