// `npm run test:unit`: the unit tests, several files to a process. To start a process and to load what all tests need takes longer than most of
// the files do: alone in a process each, they take more than twice as long. Arguments are paths or parts of paths: only files with one of them run.

import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const cache = join(root, 'node_modules/.cache/sluice');
const groupFolder = join(root, 'node_modules/.cache/unit-tests');
/** Files of one folder that share a process. More of them would leave one process busy when the others are through. */
const mostFiles = 10;
/** They take longest, and so they are begun first, each in a process of its own. */
const long = /^test\/(?:sim\/|package\/|schedule\/(?:simulation|world|many-domains))/u;

/** The files that share a process, by its name, in the order in which they are begun. */
function groupsOf(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  const folderOf = (file: string): string => file.split('/')[1] ?? '';
  for (const file of files.filter((each) => long.test(each)).toSorted())
    groups.set(`${folderOf(file)}-${basename(file, '.test.ts')}`, [file]);
  const byFolder = Map.groupBy(
    files.filter((each) => !long.test(each)),
    folderOf,
  );
  for (const [folder, unsorted] of byFolder) {
    const all = unsorted.toSorted();
    for (let at = 0; at < all.length; at += mostFiles)
      groups.set(`${folder}-${at / mostFiles + 1}`, all.slice(at, at + mostFiles));
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
