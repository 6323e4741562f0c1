/**
 * The last picture of each camera that this browser has shown. It stays in this browser and is erased at
 * sign-out; the server never holds a picture.
 */

import type { Privacy } from '../core/attempt';

/** Pixels: enough for a tile on a sharp phone, about 30 KB as JPEG. */
const WIDTH = 640;
const QUALITY = 0.7;
/** A browser grants about 5 MB; beyond this many the oldest goes. */
const MAX_STILLS = 48;
const PREFIX = 'belvedere.still.';

/** Of pictures behind which a camera's own signed word stands. */
const PROVEN: readonly string[] = ['signed', 'sealed', 'standard'] satisfies Privacy[];

export interface Still {
  /** Milliseconds since the epoch. */
  at: number;
  picture: ImageBitmap;
  /** Nothing but the server's word says that it is of this camera. */
  believed: boolean;
}

/** Takes the picture that `video` shows now; null when it shows none. */
export function capture(video: HTMLVideoElement): HTMLCanvasElement | null {
  if (!video.videoWidth || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  const canvas = document.createElement('canvas');
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** `privacy`: what protected the picture, as the viewer says. */
export function keep(camera: string, canvas: HTMLCanvasElement, privacy: Privacy | null, now: number): void {
  const text = `${now};${privacy};${canvas.toDataURL('image/jpeg', QUALITY).split(',')[1] ?? ''}`;
  forgetOldest();
  try {
    localStorage.setItem(PREFIX + camera, text);
  } catch {
    // The browser's store is full or closed (private window): a tile without a picture is no harm.
  }
}

/** `believes`: whether the server's word is enough for this camera. Else what was shown by it is erased. */
export async function recall(camera: string, believes: boolean): Promise<Still | null> {
  const stored = localStorage.getItem(PREFIX + camera)?.split(';');
  if (!stored) return null;
  const [at, privacy = '', jpeg = ''] = stored;
  const believed = !PROVEN.includes(privacy);
  try {
    if (believed && !believes) throw new Error('not believed any more');
    const bytes = Uint8Array.from(atob(jpeg), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    return { at: Number(at), picture, believed };
  } catch {
    localStorage.removeItem(PREFIX + camera);
    return null;
  }
}

export function forget(camera: string): void {
  localStorage.removeItem(PREFIX + camera);
}

export function forgetAll(): void {
  for (const key of keys()) localStorage.removeItem(key);
}

const keys = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

function forgetOldest(): void {
  const age = (key: string): number => Number.parseInt(localStorage.getItem(key) ?? '0', 10);
  const all = keys().sort((a, b) => age(a) - age(b));
  for (const key of all.slice(0, Math.max(0, all.length - MAX_STILLS + 1))) localStorage.removeItem(key);
}
