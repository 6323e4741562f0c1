import type { Cupboard } from '../core/trust/cupboard';

/** A cupboard of this process: how IndexedDB keeps things is tested in Chromium. */
export class Drawer implements Cupboard {
  readonly kept = new Map<string, unknown>();

  get(name: string): Promise<unknown> {
    return Promise.resolve(this.kept.get(name));
  }

  change(name: string, decide: (standing: unknown) => unknown): Promise<unknown> {
    this.kept.set(name, decide(this.kept.get(name)));
    return this.get(name);
  }

  names(): Promise<string[]> {
    return Promise.resolve([...this.kept.keys()]);
  }
}
