// Changes what becomes of the mail of a user beside the mailbox: forwards, and the automatic answer.

import type { Autoreply } from '../../values/autoreply.ts';
import { accountKey } from '../account-key.ts';
import type { UserRecord } from '../record.ts';
import { checkedRecord, existing } from './changes.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableRecords } from './editable.ts';

/**
 * Has the mail of a user forwarded.
 * @param to - in place of what was there; empty: nothing is forwarded any more
 * @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_RECORD`
 */
export function setForward(
  records: EditableRecords,
  address: string,
  to: readonly string[],
  keepCopy: boolean,
): UserRecord {
  const { forward, keep_copy: _, ...rest } = existing(records, address);
  if (to.length === 0 && forward === undefined) throw hasNone(rest.user, 'forward');
  const next =
    to.length === 0 ? rest : { ...rest, forward: [...new Set(to)], ...(keepCopy && { keep_copy: true }) };
  return put(records, next);
}

/**
 * Sets the automatic answer of a user; undefined: none any more.
 * @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_RECORD`
 */
export function setAutoreply(
  records: EditableRecords,
  address: string,
  autoreply: Autoreply | undefined,
): UserRecord {
  const { autoreply: before, ...rest } = existing(records, address);
  if (autoreply === undefined && before === undefined) throw hasNone(rest.user, 'automatic answer');
  return put(records, autoreply === undefined ? rest : { ...rest, autoreply });
}

function put(records: EditableRecords, record: UserRecord): UserRecord {
  const checked = checkedRecord(record);
  records.putUser(checked, accountKey(record.user));
  return checked;
}

function hasNone(user: string, what: string): DirectoryError {
  return new DirectoryError('DIRECTORY_RECORD', `${user} has no ${what}.`, 'Nothing was changed.');
}
