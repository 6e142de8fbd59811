// Writes a new password where the users are. The keys process reads them and may not write them; it has made the hash, and no password comes here.
// Promises: only what the configuration names as Sluice's own directory is written, and only the password of one user in it.

import type { Config } from '../../config/config.ts';
import { isOwnDirectory, type OwnDirectoryConfig } from '../../config/directory-config.ts';
import { systemReason } from '../../config/read/config-error.ts';
import { editableDatabase } from '../../directory/edit/database-records.ts';
import type { EditableDirectory } from '../../directory/edit/editable.ts';
import { editableFile } from '../../directory/edit/file-records.ts';
import { replacePassword } from '../../directory/edit/stored-password.ts';
import type { StoredChange, StoreOutcome } from '../../directory/password-change.ts';
import { SluiceError } from '../../errors/sluice-error.ts';

/** Nothing is made anew: a user who is there has a file. */
const ownership = { mode: 0o600, owner: undefined };

/** Writes the change into the source that it names. It never rejects. */
export async function storePassword(
  { directory }: Pick<Config, 'directory'>,
  { source, user, before, password, scram }: StoredChange,
): Promise<StoreOutcome> {
  const found = directory.find(({ name }) => name === source);
  if (found === undefined || !isOwnDirectory(found))
    return refused('DIRECTORY_SOURCE', `There is no source "${source}" that can be changed.`);
  try {
    await opened(found).edit((records) => replacePassword(records, user, before, { password, scram }));
    return { kind: 'stored' };
  } catch (error) {
    if (error instanceof SluiceError) return refused(error.code, error.message, error.advice);
    return refused(
      'DIRECTORY_ACCESS',
      `The password cannot be stored in ${found.path}: ${systemReason(error)}.`,
      'Nothing was changed. Tell whoever looks after this server: the user that starts Sluice has to be able to write there.',
    );
  }
}

function opened({ kind, path }: OwnDirectoryConfig): EditableDirectory {
  return kind === 'users' ? editableFile(path, ownership) : editableDatabase(path, ownership);
}

function refused(code: string, message: string, advice = 'Nothing was changed.'): StoreOutcome {
  return { kind: 'refused', code, message, advice };
}
