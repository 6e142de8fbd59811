// Which files a plugin is made of: those that it imports, however deep. What belongs to Sluice or to Node is left out.

import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { LoadedFile } from '../wire.ts';
import { stampOf } from '../stamp.ts';

/** More are not followed. */
const mostFiles = 500;

/** The folder of Sluice's own code. */
const own = new URL('../../', import.meta.url).href;

/** Notes each file before it is read, from now on. */
export function followLoading(): readonly LoadedFile[] {
  const files: LoadedFile[] = [];
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:') && !url.startsWith(own) && files.length < mostFiles) {
        const path = fileURLToPath(url);
        files.push([path, stampOf(statSync(path, { throwIfNoEntry: false }))]);
      }
      return next(url, context);
    },
  });
  return files;
}
