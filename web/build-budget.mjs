// Fails the build when what a phone has to load grows beyond the promise: 100 KB compressed (DESIGN §13).
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 100_000;
const folder = join(import.meta.dirname, '../signaling/webapp');

const files = readdirSync(folder, { recursive: true })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile());
const bytes = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);

if (bytes > LIMIT) {
  console.error(`The web app has ${bytes} bytes compressed; the limit is ${LIMIT}.`);
  process.exit(1);
}
console.log(`The web app has ${bytes} bytes compressed, of ${LIMIT}.`);
