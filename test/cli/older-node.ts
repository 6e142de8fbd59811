// A Node on this machine that is older than Sluice needs, for what its launcher does.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export function olderNode(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(':').map((place) => join(place, 'node'));
  return places.find((node) => {
    if (!existsSync(node)) return false;
    const major = Number(execFileSync(node, ['-p', 'process.versions.node']).toString().split('.')[0]);
    return major >= 18 && major < 26;
  });
}
