// The packages for Debian: `sluice`, with the Node that it runs on, and `sluice-mta`, which makes it the MTA of the host.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Package } from './build-package.ts';
import { filesOfMta, filesOfSluice } from './package-files.ts';

/** How Debian calls the processors that there is a runtime for. */
const architectures: Readonly<Partial<Record<string, string>>> = { x64: 'amd64', arm64: 'arm64' };

export interface PackagesOptions {
  /** Of the checkout. */
  readonly root: string;
  readonly version: string;
  /** As Node names it. */
  readonly processor: string;
}

/** @throws {Error} when there is no runtime for the processor, or something is not installed */
export function debianPackages({ root, version, processor }: PackagesOptions): readonly Package[] {
  const architecture = architectures[processor];
  if (architecture === undefined) {
    throw new Error(`there is no Node for Debian on ${processor}; a package can be built on x64 and arm64`);
  }
  const text = (name: string): string =>
    readFileSync(join(root, 'packaging/debian', name), 'utf8').replaceAll('@VERSION@', version);
  const runtime = join(root, `node_modules/node-linux-${processor}`);
  return [
    {
      name: 'sluice',
      version,
      architecture,
      control: text('control'),
      files: filesOfSluice(root, runtime),
      scripts: { postinst: text('postinst'), prerm: text('prerm'), postrm: text('postrm') },
    },
    {
      name: 'sluice-mta',
      version,
      architecture: 'all',
      control: text('mta/control'),
      files: filesOfMta(root),
      scripts: {},
    },
  ];
}
