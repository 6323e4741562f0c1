import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const here = import.meta.dirname;

// `npm run dev` shows the pages against a server that runs elsewhere.
const server = process.env['BELVEDERE_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  server: { proxy: { '/api': { target: server, ws: true } } },
  build: {
    outDir: '../signaling/webapp',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy allows files of our own, not data: addresses
    rollupOptions: {
      input: {
        index: resolve(here, 'index.html'),
        lite: resolve(here, 'lite.html'),
        'belvedere-camera': resolve(here, 'embed.ts'),
      },
      preserveEntrySignatures: 'exports-only',
      output: {
        // A foreign page names this file, so its name must not change from release to release.
        entryFileNames: (chunk) =>
          chunk.name === 'belvedere-camera' ? 'embed/belvedere-camera.js' : 'assets/[name]-[hash].js',
      },
    },
  },
  test: { include: ['tests/**/*.test.ts'] },
});
