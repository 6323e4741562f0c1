/** A QR code as a grid of modules and as one SVG path. */

import encodeQR from 'qr';

/** Above this a camera's lens reads too little (measured: version 11 at 8 %). */
export const MAX_VERSION = 10;
/** Characters; far more than version 10 holds (271 bytes), and less than the encoder's own limit. */
const MAX_TEXT = 1024;
/** ISO/IEC 18004 §5.3.8: four light modules around. */
export const QUIET_ZONE = 4;

const versionOf = (size: number): number => (size - 17) / 4;

/**
 * The modules, true is dark, without a quiet zone; null where the text needs a code too fine to be read.
 * More error correction is taken only where it costs no extra module: fewer modules beat it.
 */
export function qrModules(text: string): boolean[][] | null {
  if (text.length > MAX_TEXT) return null;
  const low = encode(text, 'low');
  if (versionOf(low.length) > MAX_VERSION) return null;
  const medium = encode(text, 'medium');
  return medium.length === low.length ? medium : low;
}

/** The encoder wants a border of at least one module; ours is in the view box. */
function encode(text: string, ecc: 'low' | 'medium'): boolean[][] {
  const bordered = encodeQR(text, 'raw', { ecc, encoding: 'byte', border: 1 });
  return bordered.slice(1, -1).map((row) => row.slice(1, -1));
}

/** One path of horizontal runs; the quiet zone is in the view box. */
export function qrPath(modules: boolean[][]): { path: string; size: number } {
  const runs: string[] = [];
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      const width = x - start + 1;
      runs.push(`M${start + QUIET_ZONE} ${y + QUIET_ZONE}h${width}v1h-${width}z`);
    }
  });
  return { path: runs.join(''), size: modules.length + 2 * QUIET_ZONE };
}
