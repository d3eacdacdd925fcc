// Builds the pages anew and compares them, byte for byte, with the committed ones.
// Exit status 1 where they differ.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const committed = resolve(import.meta.dirname, '../ui');
const fresh = mkdtempSync(join(tmpdir(), 'sidegate-notes-'));

try {
  await build({
    root: import.meta.dirname,
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  const files = [...new Set([...filesOf(committed), ...filesOf(fresh)])].sort();
  const different = files.filter((file) => !same(join(committed, file), join(fresh, file)));
  for (const file of different) console.error(`ui/${file} is not what the source builds`);
  if (different.length > 0) process.exitCode = 1;
  else console.log(`ui/ is what the source builds (${files.length} files)`);
} finally {
  rmSync(fresh, { recursive: true });
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function same(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}
