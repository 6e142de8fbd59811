// The version that Sluice says it is: that of its package.

import { readFileSync } from 'node:fs';

// Two folders up both from the sources and from what is built from them.
const packageFile = new URL('../../package.json', import.meta.url);

/** E.g. `0.1.0`. */
export const version: string = (JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string })
  .version;
