// Which files a plugin is made of: those that it imports, however deep. What belongs to Sluice, to Node or to packages of npm is left out.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

import { digestOf, stampOf } from '../stamp.ts';
import type { LoadedFile } from '../wire.ts';

/** More are not followed. */
const mostFiles = 500;

/** The folder of Sluice's own code. */
const own = new URL('../../', import.meta.url).href;

/** Notes each file before it is read, from now on. @param plugin - its file */
export function followLoading(plugin: string): readonly LoadedFile[] {
  const files: LoadedFile[] = [];
  const ownPackage = packageOf(realPath(plugin));
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:') && !url.startsWith(own) && files.length < mostFiles) {
        const path = fileURLToPath(url);
        if (['', ownPackage].includes(packageOf(path))) files.push(asItIs(path));
      }
      return next(url, context);
    },
  });
  return files;
}

function asItIs(path: string): LoadedFile {
  const stamp = stampOf(statSync(path, { throwIfNoEntry: false }));
  try {
    return [path, stamp, digestOf(readFileSync(path))];
  } catch {
    return [path, stamp, digestOf(undefined)];
  }
}

/** The folder of the package of npm that has a file; empty when none has it. */
function packageOf(path: string): string {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/su.exec(path)?.[0] ?? '';
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
