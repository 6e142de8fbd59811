// Rows of databases: one column for each fact, named as in Sluice's own records; or a column `record` with a whole record in JSON.

import { accountOf, readRecord, type ReadRecord, type UserRecord, withDomainQuota } from '../record.ts';
import type { FoundAccount } from '../account.ts';

/** Columns that may have other types in a database than in a record. */
const lists = ['aliases', 'senders', 'forward'] as const;

/**
 * @param address - that was asked for; a row without a column `user` is about it
 * @param row - an object in JSON: the columns by name
 */
export function accountOfRow(address: string, row: string): FoundAccount {
  const {
    domain,
    domain_quota: bytes,
    domain_quota_messages: messages,
    ...columns
  } = JSON.parse(row) as Readonly<Record<string, unknown>>;
  if (domain !== undefined && domain !== null) return { kind: 'absent' };
  const read = recordOfRow(address, columns);
  const isAny = [bytes, messages].some((value) => value !== undefined && value !== null && value !== '');
  return isAny && read.kind === 'user' ? withQuotaOfDomain(read.record, bytes, messages) : found(read);
}

function withQuotaOfDomain(record: UserRecord, bytes: unknown, messages: unknown): FoundAccount {
  const { user, ...account } = accountOf(record);
  const columns = {
    domain: user.address.slice(user.address.lastIndexOf('@') + 1),
    quota: bytes,
    quota_messages: messages,
  };
  const read = readRecord(JSON.stringify(domainRecordOf(columns)));
  if (read.kind !== 'domain')
    return {
      kind: 'failing',
      reason: `a row has no quota of a domain: ${read.kind === 'mistake' ? read.reason : ''}`,
    };
  return { kind: 'account', account: { ...account, user: withDomainQuota(user, read.record) } };
}

/** The record of a domain. @param columns - by name, as the record has them */
export function domainRecordOf(
  columns: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(columns).filter(([, value]) => value !== null && value !== '');
  return Object.fromEntries(given.map(([name, value]) => [name, wholeNumber(value)]));
}

/** Some databases give numbers as texts. */
function wholeNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/u.test(value) ? Number(value) : value;
}

/** The record of a row. @param columns - by name */
export function recordOfRow(address: string, columns: Readonly<Record<string, unknown>>): ReadRecord {
  const { record } = columns;
  return readRecord(typeof record === 'string' ? record : JSON.stringify(recordOf(address, columns)));
}

/** NULL is as good as no column. A list is in JSON, or has spaces or commas between its words. */
function recordOf(
  address: string,
  columns: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(columns).filter(([, value]) => value !== null && value !== '');
  const record: Record<string, unknown> = { user: address, ...Object.fromEntries(given) };
  for (const name of lists) if (typeof record[name] === 'string') record[name] = wordsOf(record[name]);
  if (typeof record['applications'] === 'string')
    record['applications'] = JSON.parse(record['applications'], dropNull);
  if (typeof record['autoreply'] === 'string' && record['autoreply'].startsWith('{'))
    record['autoreply'] = JSON.parse(record['autoreply'], dropNull);
  const { disabled, keep_copy: keepCopy } = record;
  for (const name of ['quota', 'quota_messages'])
    if (record[name] !== undefined) record[name] = wholeNumber(record[name]);
  if (disabled !== undefined) record['disabled'] = isTrue(disabled);
  if (keepCopy !== undefined) record['keep_copy'] = isTrue(keepCopy);
  return record;
}

function isTrue(value: unknown): boolean {
  return !['0', 'false', 'f', 'n'].includes(String(value));
}

function dropNull(_: string, value: unknown): unknown {
  return value === null ? undefined : value;
}

function wordsOf(text: string): unknown {
  if (text.startsWith('[')) return JSON.parse(text);
  return text.split(/[\s,]+/u).filter((word) => word !== '');
}

function found(read: ReadRecord): FoundAccount {
  switch (read.kind) {
    case 'user':
      return { kind: 'account', account: accountOf(read.record) };
    case 'domain':
      return { kind: 'absent' };
    case 'mistake':
      return { kind: 'failing', reason: `a row is no record of a user: ${read.reason}` };
  }
}
