/**
 * The last picture of each camera that this browser has shown. It stays in this browser and is erased at
 * sign-out; the server never holds a picture.
 */

/** Pixels: enough for a tile on a sharp phone, about 30 KB as JPEG. */
const WIDTH = 640;
const QUALITY = 0.7;
/** A browser grants about 5 MB; beyond this many the oldest goes. */
const MAX_STILLS = 48;
const PREFIX = 'belvedere.still.';

export interface Still {
  /** Milliseconds since the epoch. */
  at: number;
  picture: ImageBitmap;
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

export function keep(camera: string, canvas: HTMLCanvasElement, now: number): void {
  const text = `${now};${canvas.toDataURL('image/jpeg', QUALITY).split(',')[1] ?? ''}`;
  forgetOldest();
  try {
    localStorage.setItem(PREFIX + camera, text);
  } catch {
    // The browser's store is full or closed (private window): a tile without a picture is no harm.
  }
}

export async function recall(camera: string): Promise<Still | null> {
  const stored = localStorage.getItem(PREFIX + camera);
  const split = stored?.indexOf(';') ?? -1;
  if (!stored || split < 0) return null;
  try {
    const bytes = Uint8Array.from(atob(stored.slice(split + 1)), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    return { at: Number(stored.slice(0, split)), picture };
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
