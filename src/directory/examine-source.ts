// Looks at a source once, as it is now: for `sluice check`.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { systemReason } from '../config/read/config-error.ts';
import { findFile, openFound } from '../table/table-file.ts';
import { problemOf, TableError } from '../table/table-error.ts';
import type { SourceSettings } from './settings.ts';
import { isTable, kindOf } from './sources/open-sources.ts';

const othersBits = 0o006;
const openToAll = 'every user of this host may read or write it, and it holds stored passwords (chmod o-rw)';

/** What is wrong with a source, or is probably not meant: a clause each. */
export async function examineSource(settings: SourceSettings): Promise<readonly string[]> {
  try {
    if (isTable(settings)) {
      const kind = kindOf(settings);
      const contents = await openFound(await findFile(settings.path, kind), kind);
      await contents?.close();
      const { mode } = await stat(settings.path);
      const isOpen = (mode & othersBits) !== 0;
      return [...(isOpen ? [openToAll] : []), ...(contents?.warnings ?? [])];
    }
    if (settings.kind === 'postgresql') {
      if (settings.passwordFile !== undefined) await access(settings.passwordFile, constants.R_OK);
    } else if (settings.kind === 'checkpassword') await access(settings.command[0] ?? '', constants.X_OK);
    else if (settings.kind === 'dovecot' && !(await stat(settings.path)).isSocket())
      return ['it is no socket'];
    else await stat(settings.path);
    return [];
  } catch (error) {
    const advice = error instanceof TableError ? ` ${error.advice}` : '';
    return [`${error instanceof TableError ? problemOf(error).text : systemReason(error)}${advice}`.trim()];
  }
}
