// Changes what is known of a user beside the address and the passwords.

import { accountKey } from '../account-key.ts';
import type { UserRecord } from '../record.ts';
import { checkedRecord, existing, refuseTaken } from './changes.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableRecords } from './editable.ts';

/** How a list is changed, in this order. */
export interface ListChange {
  /** In place of what was there. */
  readonly only?: readonly string[] | undefined;
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** What is left out stays as it is. */
export interface UserChange {
  readonly aliases?: ListChange;
  readonly senders?: ListChange;
  /** Null: none. */
  readonly mailbox?: string | null | undefined;
  /** In bytes; null: none. */
  readonly quota?: number | null | undefined;
  /** Null: none. */
  readonly messages?: number | null | undefined;
  /** Nobody may log in as this user. */
  readonly disabled?: boolean | undefined;
}

export interface ChangedUser {
  readonly record: UserRecord;
  readonly isChanged: boolean;
}

/**
 * Changes the user of an address or alias.
 * @returns the user as known then, and whether anything has changed
 * @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_TAKEN`, `DIRECTORY_RECORD`
 */
export function changeUser(records: EditableRecords, address: string, change: UserChange): ChangedUser {
  const found = existing(records, address);
  const { aliases, senders, mailbox, quota, quota_messages: messages, disabled, ...rest } = found;
  const nextAliases = changedList(found, 'alias', aliases, change.aliases);
  const nextSenders = changedList(found, 'sender', senders, change.senders);
  const nextMailbox = change.mailbox === undefined ? mailbox : (change.mailbox ?? undefined);
  const nextQuota = change.quota === undefined ? quota : (change.quota ?? undefined);
  const nextMessages = change.messages === undefined ? messages : (change.messages ?? undefined);
  const isDisabled = change.disabled ?? disabled ?? false;
  const record = checkedRecord({
    ...rest,
    ...(nextAliases.length > 0 && { aliases: [...nextAliases] }),
    ...(nextSenders.length > 0 && { senders: [...nextSenders] }),
    ...(nextMailbox !== undefined && { mailbox: nextMailbox }),
    ...(nextQuota !== undefined && { quota: nextQuota }),
    ...(nextMessages !== undefined && { quota_messages: nextMessages }),
    ...(isDisabled && { disabled: true }),
  });
  refuseTaken(records, record, found);
  const isChanged = !isSame(record, checkedRecord(found));
  if (isChanged) records.putUser(record, accountKey(found.user));
  return { record, isChanged };
}

function changedList(
  { user }: UserRecord,
  what: 'alias' | 'sender',
  before: readonly string[] = [],
  { only, add = [], remove = [] }: ListChange = {},
): readonly string[] {
  const list = new Set((only ?? before).map(accountKey));
  for (const each of add) list.add(accountKey(each));
  for (const each of remove) {
    if (list.delete(accountKey(each))) continue;
    throw new DirectoryError(
      'DIRECTORY_RECORD',
      `${user} has no ${what} ${each}.`,
      `"sluice user show ${user}" shows what there is. Nothing was changed.`,
    );
  }
  return [...list];
}

/** In whatever order keys were written. */
function isSame(one: UserRecord, other: UserRecord): boolean {
  const text = (record: UserRecord): string => JSON.stringify(Object.entries(record).toSorted(byName));
  return text(one) === text(other);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
