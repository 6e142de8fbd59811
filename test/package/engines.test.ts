// Who installs Sluice needs Node 20: what Sluice itself runs on comes with it (bin/sluice.js).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface LockedPackage {
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
}

const leastMajor = 20;
const lockFile = join(import.meta.dirname, '../../package-lock.json');
const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

test('no package that an installation brings asks for a newer Node than Sluice does, so npm warns of nothing', () => {
  for (const [path, { dev, engines }] of Object.entries(packages)) {
    const wanted = engines?.node;
    if (dev === true || wanted === undefined) continue;
    const ways = wanted.split('||').map((way) => /^(\^|>=)? ?(\d+)/u.exec(way.trim()) ?? []);
    const takes = ways.some(([, how, major]) =>
      how === '>=' ? Number(major) <= leastMajor : Number(major) === leastMajor,
    );
    assert.ok(takes, `${path === '' ? 'sluice' : path} asks for Node ${wanted}`);
  }
  assert.equal(packages['']?.engines?.node, `>=${leastMajor}`);
});
