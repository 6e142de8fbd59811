// The file of aliases that the configuration names, for commands that read and change it. Promise: a change is seen as a whole or not at all, and
// two commands never change the file at once.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { systemReason } from '../config/read/config-error.ts';
import { whileLocked } from '../directory/edit/file-lock.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { replaceFile } from '../io/replace-file.ts';
import { AliasLines, editableForms, type EditableForm } from '../table/alias-lines.ts';
import { TableError } from '../table/table-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** A table takes a file that is empty all at once for one that somebody has failed to write. */
const nothingLeft = '# There is no entry.\n';

export interface AliasFile {
  /** Of the [[table]]. */
  readonly table: string;
  readonly path: string;
  readonly form: EditableForm;
}

/**
 * @param name - of a [[table]]; undefined: the one of [mailboxes], or else of the first [[recipients]] with aliases
 * @throws {CommandError} `ALIAS_TABLE` when there is none, or when it is of a kind that has no lines
 */
export function aliasFile(
  config: Pick<Config, 'mailboxes' | 'recipients' | 'table'>,
  name: string | undefined,
): AliasFile {
  const { mailboxes, recipients } = config;
  const wanted =
    name ?? mailboxes.aliases ?? recipients.find(({ aliases }) => aliases !== undefined)?.aliases;
  if (wanted === undefined)
    throw fault(
      'The configuration names no table of aliases.',
      'Write a [[table]] with kind = "aliases" and a path, and its name as aliases of [mailboxes].',
    );
  return editableFile(config, wanted);
}

/** @param wanted - the name of a [[table]]. @throws {CommandError} `ALIAS_TABLE` when there is none, or when it is of a kind that has no lines */
export function editableFile({ table: tables }: Pick<Config, 'table'>, wanted: string): AliasFile {
  const table = tables.find((each) => each.name === wanted);
  if (table === undefined) throw fault(`There is no [[table]] with the name ${JSON.stringify(wanted)}.`);
  const { kind, path } = table;
  if (!isEditable(kind))
    throw fault(
      `The table "${wanted}" is of kind "${kind}", which these commands neither read nor change.`,
      `They know those of kind ${Object.keys(editableForms).join(' and ')}. Change the others with what made them; "sluice table get ${wanted} NAME" looks into each.`,
    );
  return { table: wanted, path, form: kind };
}

/** A file that is not there is empty. @throws {CommandError} */
export function readAliases({ path, form, table }: AliasFile): AliasLines {
  return orFault(table, 'Reading', path, () => AliasLines.read(textOf(path), form));
}

/** @returns what `change` returns beside the lines. @throws {CommandError}; then nothing is changed */
export async function changeAliases<Result>(
  { path, form, table }: AliasFile,
  change: (lines: AliasLines) => readonly [AliasLines, Result],
): Promise<Result> {
  const real = realPath(path);
  const stats = statSync(real, { throwIfNoEntry: false });
  // A running Sluice goes on with what a file said that is gone for a moment: a new one would take the place of all that.
  if (stats === undefined)
    throw fault(
      `There is no file ${path}, which the table "${table}" names.`,
      `If it was moved away, put it back, or all that it said is lost. To begin it, make an empty file: touch ${path}`,
    );
  const ownership = { mode: stats.mode & 0o7777, owner: { uid: stats.uid, gid: stats.gid } };
  try {
    return await whileLocked(real, () =>
      orFault(table, 'Changing', path, () => {
        const before = textOf(real);
        const [lines, result] = change(AliasLines.read(before, form));
        if (lines.text !== before)
          replaceFile(real, Buffer.from(lines.text === '' ? nothingLeft : lines.text), ownership);
        return result;
      }),
    );
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw accessFault('Changing', path, error);
  }
}

function orFault<Result>(table: string, doing: string, path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof TableError)
      throw fault(`${doing} the table "${table}" in ${path}: ${error.message}.`, error.advice);
    if (error instanceof SluiceError) throw error;
    throw accessFault(doing, path, error);
  }
}

function accessFault(doing: string, path: string, error: unknown): CommandError {
  return new CommandError(
    exitCodes.osError,
    'ALIAS_ACCESS',
    `${doing} ${path}: ${systemReason(error)}.`,
    'Make its folder, if that is missing, and call the command as a user who may read and write there.',
    { cause: error },
  );
}

function textOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8');
}

/** A link is followed, so that the file itself is replaced. */
function realPath(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}

function isEditable(kind: string): kind is EditableForm {
  return Object.hasOwn(editableForms, kind);
}

function fault(problem: string, advice = ''): CommandError {
  return new CommandError(exitCodes.usage, 'ALIAS_TABLE', problem, advice);
}
