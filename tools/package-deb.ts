// `npm run package:deb`: builds the packages for Debian into var/deb. Needs dpkg-deb, which every Debian has, and nothing else.
//
//   npm run package:deb -- [--version 0.1.0-1] [--output FOLDER] [--fast]

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage } from './deb/build-package.ts';
import { debianPackages } from './deb/packages.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    version: { type: 'string', default: `${versionOfSluice()}-1` },
    output: { type: 'string', default: join(root, 'var/deb') },
    fast: { type: 'boolean', default: false },
  },
});
for (const each of debianPackages({ root, version: values.version, processor: process.arch })) {
  const deb = buildPackage(each, { output: values.output, isFast: values.fast, epoch: epochOfSources() });
  process.stdout.write(`${deb}\n`);
}

function versionOfSluice(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The time of the last commit; now, where the sources are in no repository. */
function epochOfSources(): number {
  try {
    const date = execFileSync('git', ['log', '-1', '--format=%ct'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(date.toString());
  } catch {
    return Math.floor(Date.now() / 1_000);
  }
}
