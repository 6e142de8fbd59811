// `npm run test:unit`: the unit tests, several files to a process. To start a process and to load what all tests need takes longer than most of
// the files do: alone in a process each, they take more than twice as long. Arguments are paths or parts of paths: only files with one of them run.

import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const cache = join(root, 'node_modules/.cache/sluice');
const groupFolder = join(root, 'node_modules/.cache/unit-tests');
/** Files of one folder that share a process. More of them would leave one process busy when the others are through. */
const mostFiles = 10;
/** They take longest, and so they are begun first, each in a process of its own. */
const longFolders = new Set(['sim', 'package', 'schedule']);

/** The files that share a process, by its name, in the order in which they are begun. */
function groupsOf(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byFolder = Map.groupBy(files, (file) => file.split('/')[1] ?? '');
  const groups = new Map<string, readonly string[]>();
  const isLong = (folder: string): boolean => longFolders.has(folder);
  const folders = [...byFolder.keys()].toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  for (const folder of folders) {
    const all = (byFolder.get(folder) ?? []).toSorted();
    const size = isLong(folder) ? 1 : mostFiles;
    for (let at = 0; at < all.length; at += size)
      groups.set(`${folder}-${at / size + 1}`, all.slice(at, at + size));
  }
  return groups;
}

const wanted = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: root }).filter(
  (file) =>
    !file.startsWith('test/interop/') && (wanted.length === 0 || wanted.some((part) => file.includes(part))),
);
rmSync(groupFolder, { recursive: true, force: true });
mkdirSync(groupFolder, { recursive: true });
const programs = [...groupsOf(files)].map(([name, group], index) => {
  const program = join(groupFolder, `${String(index).padStart(3, '0')}-${name}.mjs`);
  const imports = group.map((file) => `await import('${pathToFileURL(join(root, file)).href}');\n`);
  writeFileSync(program, imports.join(''));
  return program;
});
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=3', ...programs], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_COMPILE_CACHE: cache },
});
process.exitCode = status ?? 1;
