// Puts a password in the place of another that was stored when its change began.

import { createHash } from 'node:crypto';
import type { StoredPassword } from '../../password/new-password.ts';
import { accountKey } from '../account-key.ts';
import { checkedRecord, existing } from './changes.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableRecords } from './editable.ts';

/** Tells one stored password from another. @param stored - empty: none */
export function digestOfStored(stored: string): string {
  return createHash('sha256').update(stored).digest('base64');
}

/**
 * @param before - the digest of what is to be replaced
 * @throws {DirectoryError} `DIRECTORY_USER`; `PASSWORD_BUSY` when something else is stored there
 */
export function replacePassword(
  records: EditableRecords,
  address: string,
  before: string,
  { password, scram }: StoredPassword,
): void {
  const found = existing(records, address);
  if (accountKey(found.user) !== accountKey(address) || digestOfStored(found.password ?? '') !== before)
    throw new DirectoryError(
      'PASSWORD_BUSY',
      `The password of ${address} has been changed a moment ago.`,
      'Nothing was changed. Try again in some seconds, with the password that is in force now.',
    );
  records.putUser(checkedRecord({ ...found, password, scram }), accountKey(found.user));
}
