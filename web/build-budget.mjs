// Fails the build when what a phone has to load to begin with grows beyond the promise: 100 KB compressed (DESIGN §13).
// What only rare pages load, when they are opened, has a limit of its own: it is no place to hide.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 100_000;
const LATER_LIMIT = 35_000;
const LATER_IMPORT = /\bimport\((["'`])\.\/([^"'`]+)\1\)/g;
const PLAIN_IMPORT = /\b(?:from|import)\s*["']\.\.?\/(?:[^"'/]+\/)*([^"'/]+)["']/g;
const folder = join(import.meta.dirname, '../signaling/webapp');

const paths = readdirSync(folder, { recursive: true })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile());
const files = paths.map((path) => ({ name: basename(path), data: readFileSync(path) }));
const scripts = new Map(
  files.filter(({ name }) => name.endsWith('.js')).map(({ name, data }) => [name, data.toString()]),
);
const namesIn = (text, form) => [...text.matchAll(form)].map((found) => found.at(-1));
const opened = new Set([...scripts.values()].flatMap((text) => namesIn(text, LATER_IMPORT)));
const imported = new Set([...scripts.values()].flatMap((text) => namesIn(text, PLAIN_IMPORT)));
const pages = files.filter(({ name }) => name.endsWith('.html')).map(({ data }) => data.toString());
const isNamed = (name) => pages.some((text) => text.includes(name));
// What a page names, or nobody imports (a worker, what foreign pages name), begins; what it imports comes with it.
const begins = new Set();
const begin = (name) => {
  if (begins.has(name)) return;
  begins.add(name);
  namesIn(scripts.get(name) ?? '', PLAIN_IMPORT).forEach(begin);
};
const isFirst = (name) => isNamed(name) || !(opened.has(name) || imported.has(name));
[...scripts.keys()].filter(isFirst).forEach(begin);
const isLater = ({ name }) => scripts.has(name) && !begins.has(name);

const size = (some) => some.reduce((sum, { data }) => sum + gzipSync(data).length, 0);
check('what the web app begins with', size(files.filter((file) => !isLater(file))), LIMIT);
check('what it loads when rare pages are opened', size(files.filter(isLater)), LATER_LIMIT);

function check(what, bytes, limit) {
  console.log(`${what}: ${bytes} bytes compressed, of ${limit}`);
  if (bytes > limit) process.exitCode = 1;
}
