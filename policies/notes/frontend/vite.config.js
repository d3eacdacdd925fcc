// How the pages are built: two of them, with names that stay the same from build to build
// (the result is committed), and nothing inline (the broker serves them under a strict CSP).
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Vite marks its scripts and styles `crossorigin`, which asks for CORS headers. All of them
// come from the page's own origin, where there is nothing to ask.
const withoutCrossorigin = {
  name: 'without-crossorigin',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replaceAll(' crossorigin', ''),
  },
};

/** What both pages use, under two names that do not depend on who asks first. */
function sharedChunk(id) {
  if (id.includes('/node_modules/svelte/')) return 'svelte';
  if (/\/src\/(bridge|names)\.js$|\/src\/page\.css$/.test(id)) return 'page';
  return undefined;
}

export default defineConfig({
  base: './',
  plugins: [svelte({ configFile: false }), withoutCrossorigin],
  build: {
    outDir: resolve(import.meta.dirname, '../ui'),
    emptyOutDir: true,
    // WebKitGTK 2.40 is of the age of Safari 16.4.
    target: 'safari16.4',
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        editor: resolve(import.meta.dirname, 'editor.html'),
        preview: resolve(import.meta.dirname, 'preview.html'),
      },
      output: {
        entryFileNames: 'assets/[name].js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
        manualChunks: sharedChunk,
      },
    },
  },
});
