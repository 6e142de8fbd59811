// Which source of the directory a command changes: Sluice's own, in a file or in a database.

import { Option } from 'commander';
import type { Config } from '../config/config.ts';
import { isOwnDirectory, type OwnDirectoryConfig } from '../config/directory-config.ts';
import { systemReason } from '../config/read/config-error.ts';
import { editableDatabase } from '../directory/edit/database-records.ts';
import type { EditableDirectory, NewFileOwnership } from '../directory/edit/editable.ts';
import { editableFile } from '../directory/edit/file-records.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { identityOf } from '../process/privileges/identity.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** The options that all of these commands have. */
export interface DirectoryOptions {
  readonly config?: string;
  readonly source?: string;
}

export function directoryOptions(): readonly Option[] {
  return [
    configOption(),
    new Option('--source <name>', 'the [[directory]] to change (default: the first that can be changed)'),
  ];
}

/**
 * Sluice's own directory, as the configuration names it.
 * @throws {CommandError} `DIRECTORY_SOURCE` when there is none; its calls `DIRECTORY_ACCESS` when the system refuses
 */
export function ownDirectory(options: DirectoryOptions): EditableDirectory {
  const config = readConfig(options.config);
  const source = sourceOf(config, options.source);
  const directory = openOwn(source, ownershipOf(config));
  return {
    read: (act) => directory.read(act).catch((error: unknown) => failed('Reading', source.path, error)),
    edit: (change) =>
      directory.edit(change).catch((error: unknown) => failed('Changing', source.path, error)),
  };
}

/** @param ownership - of a file that is made */
export function openOwn({ kind, path }: OwnDirectoryConfig, ownership: NewFileOwnership): EditableDirectory {
  return kind === 'users' ? editableFile(path, ownership) : editableDatabase(path, ownership);
}

function failed(doing: string, path: string, error: unknown): never {
  if (error instanceof SluiceError) throw error;
  throw new CommandError(
    exitCodes.osError,
    'DIRECTORY_ACCESS',
    `${doing} ${path}: ${systemReason(error)}.`,
    'Make its folder, if that is missing, and call the command as a user who may read and write there.',
    { cause: error },
  );
}

function sourceOf({ directory }: Config, name: string | undefined): OwnDirectoryConfig {
  const own = directory.filter(isOwnDirectory);
  const source = name === undefined ? own[0] : own.find((each) => each.name === name);
  if (source !== undefined) return source;
  const names = own.map((each) => `"${each.name}"`).join(', ');
  const problem =
    name === undefined
      ? 'The configuration has no [[directory]] that can be changed.'
      : `There is no [[directory]] with the name ${JSON.stringify(name)} that can be changed.`;
  const advice =
    names === ''
      ? 'Add one of kind "users", or of kind "sqlite" without a query. Others are changed with the programs that they belong to.'
      : `There is ${names}.`;
  throw new CommandError(exitCodes.usage, 'DIRECTORY_SOURCE', problem, advice);
}

/** A new file is for the keys process to read, and for nobody else. */
function ownershipOf({ user, users }: Config): NewFileOwnership {
  const reader = users.keys ?? user;
  if (reader === undefined || process.getuid?.() !== 0) return { mode: 0o600, owner: undefined };
  return { mode: 0o640, owner: { uid: 0, gid: identityOf(reader).gid } };
}
