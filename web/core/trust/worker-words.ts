/** What a page and its worker say to each other about sessions through the relay, by numbers that the page gives. */

import type { Key } from './members';
import type { Codec } from './sealed-frames';

/** The hello of a session and the private half of its exchange key; `camera` is the key that must sign the answer. */
export interface Asked {
  readonly camera: Key;
  readonly hello: string;
  readonly exchange: CryptoKey;
}

export type Order =
  | ({ type: 'begin'; id: number } & Asked)
  /** The camera's envelope, or its word that it sends no encrypted frames. */
  | { type: 'letter'; id: number; text: string }
  /** The first picture is on the screen. */
  | { type: 'shown'; id: number }
  | { type: 'end'; id: number };

/** What a transform is made with. `codec` null: one that no camera encrypts. */
export interface TrackOptions {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  readonly codec: Codec | null;
}

export type News =
  /** With the first picture, and then now and then. `pictures`: shown so far. `plain`: they were not encrypted. */
  | { type: 'pictures'; id: number; pictures: number; plain: boolean }
  /** Somebody gave us a letter that the camera has not written for us. */
  | { type: 'untrue'; id: number; detail: string };
