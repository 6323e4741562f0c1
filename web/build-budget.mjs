// Fails the build when what a phone has to load to begin with grows beyond the promise: 100 KB compressed (DESIGN §13).
// What only rare pages load, when they are opened, has a limit of its own: it is no place to hide.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 100_000;
const LATER_LIMIT = 25_000;
const LATER_IMPORT = /\bimport\((["'`])\.\/([^"'`]+)\1\)/g;
const folder = join(import.meta.dirname, '../signaling/webapp');

const paths = readdirSync(folder, { recursive: true })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile());
const files = paths.map((path) => ({ name: basename(path), data: readFileSync(path) }));
const scripts = files.filter(({ name }) => name.endsWith('.js')).map(({ data }) => data.toString());
const named = new Set(scripts.flatMap((text) => [...text.matchAll(LATER_IMPORT)].map(([, , name]) => name)));
// A chunk that another one imports plainly comes with that one; those of rare pages alone have no other name in the code.
const isLater = ({ name }) => named.has(name) && !scripts.some((text) => text.includes(`from"./${name}"`));

const size = (some) => some.reduce((sum, { data }) => sum + gzipSync(data).length, 0);
check('what the web app begins with', size(files.filter((file) => !isLater(file))), LIMIT);
check('what it loads when rare pages are opened', size(files.filter(isLater)), LATER_LIMIT);

function check(what, bytes, limit) {
  console.log(`${what}: ${bytes} bytes compressed, of ${limit}`);
  if (bytes > limit) process.exitCode = 1;
}
