// The changes that commands make to Sluice's own directory, with the rules that hold in any store: an address belongs to one user, a
// user to a domain that is there.

import { generatedPassword, newPassword, newScramSalt, type ScramSalt } from '../../password/new-password.ts';
import { parseHash } from '../../password/parse-hash.ts';
import { accountKey } from '../account-key.ts';
import { type DomainRecord, readRecord, type UserRecord } from '../record.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableRecords } from './editable.ts';

/** A line that is longer would be a mistake of the whole file (`table/text-lines.ts`). */
const mostBytes = 8_000;

/** Of a domain: what is left out stays as it is, and null takes a quota away, so that the one of [mailboxes] holds. */
export interface DomainQuotaChange {
  /** 0: no limit. */
  readonly bytes?: number | null | undefined;
  readonly messages?: number | null | undefined;
}

/** @throws {DirectoryError} `DIRECTORY_TAKEN`, `DIRECTORY_DOMAIN`, `DIRECTORY_RECORD` */
export function addUser(records: EditableRecords, record: UserRecord): void {
  records.putUser(newUser(records, record));
}

/** The record of a user who can be added. @throws {DirectoryError} as `addUser` */
export function newUser(records: EditableRecords, record: UserRecord): UserRecord {
  const checked = checkedRecord(record);
  refuseTaken(records, checked, undefined);
  refuseWithoutDomain(records, checked);
  return checked;
}

/** @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_TAKEN`, `DIRECTORY_DOMAIN` */
export function renameUser(records: EditableRecords, from: string, to: string): void {
  const found = existing(records, from);
  const checked = checkedRecord({ ...found, user: to });
  refuseTaken(records, checked, found);
  refuseWithoutDomain(records, checked);
  records.putUser(checked, accountKey(found.user));
}

/** @throws {DirectoryError} `DIRECTORY_USER`. An alias does not name its user here: somebody might remove more than they mean. */
export function removeUser(records: EditableRecords, address: string): void {
  const found = existing(records, address);
  if (accountKey(found.user) !== accountKey(address))
    throw new DirectoryError(
      'DIRECTORY_USER',
      `${address} is an alias of ${found.user}, and no user.`,
      `Name the user: ${found.user}.`,
    );
  records.removeUser(accountKey(address));
}

/** Sets the user's own password. @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_PASSWORD` */
export function setPassword(records: EditableRecords, address: string, password: string): void {
  const found = existing(records, address);
  const record = checkedRecord({ ...found, ...stored(() => newPassword(password, saltOf(found))) });
  records.putUser(record, accountKey(found.user));
}

/**
 * Sets an application password, which was generated; one of the same name is replaced.
 * @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_RECORD` when there are too many
 */
export function setApplicationPassword(
  records: EditableRecords,
  address: string,
  name: string,
  password: string,
): void {
  const found = existing(records, address);
  const salt = saltOf(found);
  const application = { name, ...stored(() => generatedPassword(password, salt)) };
  // The first one decides the salt, so the user's own secret must have the same: it has none, or `saltOf` took it from there.
  const others = (found.applications ?? []).filter((each) => each.name !== name);
  const record = checkedRecord({ ...found, applications: [...others, application] });
  records.putUser(record, accountKey(found.user));
}

/** @throws {DirectoryError} `DIRECTORY_USER`, `DIRECTORY_APPLICATION` */
export function removeApplicationPassword(records: EditableRecords, address: string, name: string): void {
  const found = existing(records, address);
  const applications = found.applications ?? [];
  const left = applications.filter((each) => each.name !== name);
  if (left.length === applications.length) {
    const names = applications.map((each) => JSON.stringify(each.name)).join(', ');
    throw new DirectoryError(
      'DIRECTORY_APPLICATION',
      `${found.user} has no application password with the name ${JSON.stringify(name)}.`,
      names === '' ? 'There is none.' : `There are ${names}.`,
    );
  }
  const { applications: _, ...rest } = found;
  records.putUser(left.length === 0 ? rest : { ...rest, applications: left }, accountKey(found.user));
}

/** @throws {DirectoryError} `DIRECTORY_TAKEN`, `DIRECTORY_RECORD` */
export function addDomain(records: EditableRecords, domain: string, quota: DomainQuotaChange = {}): void {
  const read = readRecord(JSON.stringify({ domain }));
  if (read.kind !== 'domain')
    throw new DirectoryError('DIRECTORY_RECORD', `${domain} is no domain.`, 'Write one such as example.com.');
  const key = domainOf(domain);
  if (records.domain(key) !== undefined)
    throw new DirectoryError('DIRECTORY_TAKEN', `The domain ${key} is there already.`);
  records.putDomain(withQuota({ domain: key }, quota));
}

/**
 * Changes what is known of a domain.
 * @returns whether anything has changed
 * @throws {DirectoryError} `DIRECTORY_DOMAIN` when it is not there
 */
export function changeDomain(
  records: EditableRecords,
  domain: string,
  quota: DomainQuotaChange,
): { readonly record: DomainRecord; readonly isChanged: boolean } {
  const key = domainOf(domain);
  const found = records.domain(key);
  if (found === undefined) throw noDomain(key, records);
  const record = withQuota(found, quota);
  const isChanged = record.quota !== found.quota || record.quota_messages !== found.quota_messages;
  if (isChanged) records.putDomain(record);
  return { record, isChanged };
}

function withQuota(
  { domain, quota, quota_messages: messages }: DomainRecord,
  change: DomainQuotaChange,
): DomainRecord {
  const bytes = change.bytes === undefined ? quota : change.bytes;
  const most = change.messages === undefined ? messages : change.messages;
  return {
    domain,
    ...(typeof bytes === 'number' && { quota: bytes }),
    ...(typeof most === 'number' && { quota_messages: most }),
  };
}

/** @throws {DirectoryError} `DIRECTORY_DOMAIN` when it is not there, or has users */
export function removeDomain(records: EditableRecords, domain: string): void {
  const key = domainOf(domain);
  if (records.domain(key) === undefined) throw noDomain(key, records);
  const [first] = records.users(key);
  if (first !== undefined)
    throw new DirectoryError(
      'DIRECTORY_DOMAIN',
      `The domain ${key} has users, such as ${first.user}.`,
      'Remove its users first, so that none is removed by mistake.',
    );
  records.removeDomain(key);
}

/** The user of an address or alias. @throws {DirectoryError} `DIRECTORY_USER` */
export function existing(records: EditableRecords, address: string): UserRecord {
  const found = records.user(accountKey(address));
  if (found !== undefined) return found;
  throw new DirectoryError(
    'DIRECTORY_USER',
    `There is no user with the address ${accountKey(address)}.`,
    '"sluice user list" shows those that there are.',
  );
}

/** The form in which domains are kept: in lower-case A-labels. */
function domainOf(domain: string): string {
  return accountKey(`@${domain}`).slice(1);
}

/** A record as it is kept: addresses are in the form in which they are looked up. @throws {DirectoryError} `DIRECTORY_RECORD` */
export function checkedRecord(record: UserRecord): UserRecord {
  const { user, aliases, senders } = record;
  const normal = {
    ...record,
    user: accountKey(user),
    ...(aliases !== undefined && { aliases: aliases.map(accountKey) }),
    ...(senders !== undefined && { senders: senders.map(accountKey) }),
  };
  const json = JSON.stringify(normal);
  const read = readRecord(json);
  const isTooLong = Buffer.byteLength(json) > mostBytes;
  if (read.kind === 'user' && !isTooLong) return read.record;
  const why = isTooLong
    ? `it would have more than ${mostBytes} bytes; give the user fewer aliases, senders or application passwords`
    : read.kind === 'mistake'
      ? read.reason
      : 'it is a domain';
  throw new DirectoryError('DIRECTORY_RECORD', `The user ${user} cannot be stored: ${why}.`);
}

/** @param except - the user that is changed. @throws {DirectoryError} `DIRECTORY_TAKEN` */
export function refuseTaken(
  records: EditableRecords,
  record: UserRecord,
  except: UserRecord | undefined,
): void {
  const all = [record.user, ...(record.aliases ?? [])];
  const twice = all.find((address, index) => all.indexOf(address) < index);
  const taken = all.find((address) => {
    const owner = records.user(address);
    return owner !== undefined && owner.user !== except?.user;
  });
  const address = twice ?? taken;
  if (address === undefined) return;
  const owner = records.user(address)?.user ?? record.user;
  throw new DirectoryError(
    'DIRECTORY_TAKEN',
    `${address} is there already: it belongs to ${owner}.`,
    'An address belongs to one user, as the address itself or as an alias.',
  );
}

function refuseWithoutDomain(records: EditableRecords, { user }: UserRecord): void {
  const domain = user.slice(user.lastIndexOf('@') + 1);
  if (records.domain(domain) === undefined) throw noDomain(domain, records);
}

function noDomain(domain: string, records: EditableRecords): DirectoryError {
  const names = records.domains().map((record) => record.domain);
  const known = names.length === 0 ? 'There is none yet.' : `There are ${names.slice(0, 10).join(', ')}.`;
  return new DirectoryError(
    'DIRECTORY_DOMAIN',
    `There is no domain ${domain} in the directory. ${known}`,
    `Add it with: sluice domain add ${domain}`,
  );
}

/** That of the user's own secret, or of the first application password. */
function saltOf({ scram, applications = [] }: UserRecord): ScramSalt {
  for (const secret of [scram, ...applications.map((each) => each.scram)]) {
    const read = secret === undefined ? undefined : parseHash(secret);
    if (read?.kind === 'hash' && read.hash.kind === 'scram' && read.hash.algorithm === 'sha256')
      return read.hash;
  }
  return newScramSalt();
}

function stored<Stored>(make: () => Stored): Stored {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DirectoryError('DIRECTORY_PASSWORD', `The password cannot be stored: ${error.message}.`);
  }
}
