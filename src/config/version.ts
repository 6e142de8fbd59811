// The version of Sluice, read from its package.

import { readFileSync } from 'node:fs';

// Two folders up from here, both in src and in dist.
const packageFile = new URL('../../package.json', import.meta.url);

/** E.g. `0.1.0`. */
export const version: string = (JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string })
  .version;
