// Builds a constant database of a text file, for `sluice table build`. Promises: the file gets its name when it is complete and on
// stable storage, so that a running Sluice never sees a part of it.

import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeLeftover } from '../io/remove-file.ts';
import { CdbWriter } from './cdb/cdb-writer.ts';
import { aliasesForm } from './kinds/aliases.ts';
import { keyValueForm } from './kinds/key-value.ts';
import { listForm } from './kinds/list.ts';
import { passwdForm } from './kinds/passwd.ts';
import { postmapForm } from './kinds/postmap.ts';
import { rulesForm } from './kinds/rules.ts';
import { smtproutesForm } from './kinds/smtproutes.ts';
import { problemOf, TableError } from './table-error.ts';
import { readEntries, repeatedKeys, type TextForm } from './text-entries.ts';

/** The kinds of text that a database can be built of. */
export const textForms = {
  list: listForm,
  'key-value': keyValueForm,
  passwd: passwdForm,
  aliases: aliasesForm,
  postmap: postmapForm,
  smtproutes: smtproutesForm,
  rules: rulesForm,
} as const;

/** What was built. */
export interface BuiltCdb {
  readonly records: number;
  /** What is probably not meant, one clause each. */
  readonly warnings: readonly string[];
}

/**
 * Builds a database.
 * @throws {TableError} `TABLE_BROKEN` when the text has a mistake; `TABLE_UNREADABLE` or `TABLE_UNWRITABLE`
 */
export async function buildCdb(output: string, input: string, form: TextForm): Promise<BuiltCdb> {
  const handle = await openText(input);
  const unfinished = `${output}.new-${process.pid}`;
  try {
    const fd = openSync(unfinished, 'wx+');
    try {
      let repeated = 0;
      let example = '';
      const writer = new CdbWriter(fd, {
        hasSeveralValues: form.hasSeveralValues,
        repeated: (key) => {
          if (repeated++ === 0) example = key;
        },
      });
      await readEntries(handle, form, (key, value) => writer.add(key, value));
      const records = writer.finish();
      keepRights(fd, output);
      fsyncSync(fd);
      renameSync(unfinished, output);
      syncFolder(dirname(output));
      return { records, warnings: repeated === 0 ? [] : [repeatedKeys(repeated, example, form)] };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    removeLeftover(unfinished);
    const { text } = problemOf(error);
    if (error instanceof TableError)
      throw new TableError(error.code, `Reading ${input}: ${text}.`, error.advice);
    throw new TableError(
      'TABLE_UNWRITABLE',
      `Building ${output}: ${text}.`,
      'The file of before is unchanged.',
    );
  } finally {
    await handle.close();
  }
}

/** Gives the new file the rights of the one that it replaces. */
function keepRights(fd: number, output: string): void {
  const before = statSync(output, { throwIfNoEntry: false });
  if (before !== undefined) fchmodSync(fd, before.mode & 0o777);
}

async function openText(input: string): Promise<FileHandle> {
  let problem: string;
  try {
    const handle = await open(input, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    problem = 'it is not a file';
  } catch (error) {
    problem = problemOf(error).text;
  }
  throw new TableError('TABLE_UNREADABLE', `Reading ${input}: ${problem}.`);
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
