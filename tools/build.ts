// `npm run build`: the sources as JavaScript in `dist`, many modules to a file, since Node takes half a millisecond or more for each file that it loads,
// and a role has six hundred. What is loaded lazily stays so, in files of its own. Packages that each start needs are inside, with their licences. The types
// that authors of plugins need come from the TypeScript compiler (tsconfig.build.json).
// An argument names another folder that gets `dist` and what a package has beside it: for tests of Sluice as it is installed.

import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const sources = join(root, 'src');
const home = resolve(process.argv[2] ?? root);
const dist = join(home, 'dist');

/** Files that Node is told to run or to load by their path, and those that plugins import: they keep their place. */
const entries = [
  'cli/main',
  'local/main',
  'process/roles/role-main',
  'table/sqlite/thread-main',
  'manager/greylist/thread-main',
  'password/hash-thread',
  'plugin/index',
  'plugin/resolve-hooks',
  'plugin/testing/ask-once',
  'plugin/testing/index',
  'plugin/testing/run-tests',
  'plugin/thread/main',
  'plugin/trial/trial-main',
  'signing/signature-thread',
];

/** Packages that only some need: Node loads them from their own place. */
const outside = ['bcryptjs', 'jose', 'pg', 'pg-connection-string', 're2js'];

const ownPlace = '\0own-place';

/**
 * A source finds files by its own place: after the build, it is asked for the place that it would have in a `dist` with a file for each module,
 * wherever its code went.
 */
const places: Plugin = {
  name: 'places',
  resolveId: (id) => (id === ownPlace ? ownPlace : null),
  load: (id) => (id === ownPlace ? "export const dist = new URL('../', import.meta.url);" : null),
  transform(code, id) {
    if (!id.startsWith(sources) || !code.includes('import.meta.url')) return null;
    const file = relative(sources, id).replace(/\.ts$/u, '.js');
    const place = `new URL('${file}', ownPlace).href`;
    return `import { dist as ownPlace } from '${ownPlace}';\n${code.replaceAll('import.meta.url', place)}`;
  },
};

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [entry, join(sources, `${entry}.ts`)])),
  platform: 'node',
  external: [/^node:/u, ...outside],
  plugins: [places],
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: { groups: [{ name: 'own-place', test: (id) => id === ownPlace }] },
});
await bundle.close();
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(join(dist, 'LICENSES.txt'), licences(modules));

if (home !== root) {
  for (const name of ['package.json', 'bin', 'docs', 'examples', 'packaging']) {
    rmSync(join(home, name), { recursive: true, force: true });
    cpSync(join(root, name), join(home, name), { recursive: true });
  }
}

/** Of the packages whose code is inside. */
function licences(modules: readonly string[]): string {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(id)?.[0] ?? []);
  return [...new Set(folders)]
    .toSorted()
    .map((folder) => {
      const [file] = globSync('LICEN[CS]E*', { cwd: folder });
      if (file === undefined) throw new Error(`${folder} has no licence`);
      return `${relative(join(root, 'node_modules'), folder)}\n\n${readFileSync(join(folder, file), 'utf8')}`;
    })
    .join('\n\n');
}
