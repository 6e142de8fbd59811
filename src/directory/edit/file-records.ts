// Changes the file of Sluice's own directory. Comments and the order of lines stay as they are; lines that are not changed stay as they were
// written.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { replaceFile } from '../../io/replace-file.ts';
import { accountKey } from '../account-key.ts';
import { type DomainRecord, readRecord, type UserRecord } from '../record.ts';
import { DirectoryError } from './directory-error.ts';
import type { EditableDirectory, EditableRecords, NewFileOwnership } from './editable.ts';
import { whileLocked } from './file-lock.ts';

/** One line. Comments and empty lines have no record. */
interface Line {
  readonly text: string;
  readonly record?: UserRecord | DomainRecord;
}

/**
 * @param path - absolute. A file that is not there is made.
 * @throws {DirectoryError} `DIRECTORY_BROKEN`, `DIRECTORY_LOCKED`; {Error} of the system
 */
export function editableFile(path: string, ownership: NewFileOwnership): EditableDirectory {
  return {
    read: async (act) => act(new FileRecords(linesOf(readText(realPath(path)).text, path))),
    edit: async (change) => {
      const real = realPath(path);
      return whileLocked(real, () => {
        const found = readText(real);
        const records = new FileRecords(linesOf(found.text, path));
        const result = change(records);
        const { text } = records;
        if (text !== found.text) replaceFile(real, Buffer.from(text), found.ownership ?? ownership);
        return result;
      });
    },
  };
}

/** A link is followed, so that the file itself is replaced. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

function readText(path: string): { readonly text: string; readonly ownership: NewFileOwnership | undefined } {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { text: '', ownership: undefined };
  const { uid, gid, mode } = stats;
  return { text: readFileSync(path, 'utf8'), ownership: { mode: mode & 0o7777, owner: { uid, gid } } };
}

function linesOf(text: string, path: string): readonly Line[] {
  const texts = text.split('\n');
  // The text behind the last end of a line is no line.
  if (texts.at(-1) === '') texts.pop();
  return texts.map((line, index) => lineOf(line, index + 1, path));
}

function lineOf(text: string, number: number, path: string): Line {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return { text };
  const read = readRecord(trimmed);
  if (read.kind !== 'mistake') return { text, record: read.record };
  throw new DirectoryError(
    'DIRECTORY_BROKEN',
    `Reading ${path}: line ${number} is no record of a user or domain: ${read.reason}.`,
    'Correct the line first. Nothing was changed.',
  );
}

class FileRecords implements EditableRecords {
  #lines: readonly Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  get text(): string {
    return this.#lines.map(({ text }) => `${text}\n`).join('');
  }

  user(address: string): UserRecord | undefined {
    for (const user of this.users()) if (addressesOf(user).includes(address)) return user;
    return undefined;
  }

  domain(domain: string): DomainRecord | undefined {
    return this.domains().find((record) => record.domain === domain);
  }

  domains(): readonly DomainRecord[] {
    return this.#lines.flatMap(({ record }) =>
      record !== undefined && 'domain' in record ? [{ ...record, domain: accountKey(record.domain) }] : [],
    );
  }

  *users(domain?: string): Iterable<UserRecord> {
    for (const { record } of this.#lines) {
      if (record === undefined || !('user' in record)) continue;
      if (domain === undefined || accountKey(record.user).endsWith(`@${domain}`)) yield record;
    }
  }

  putUser(record: UserRecord, before?: string): void {
    const line = { text: JSON.stringify(record), record };
    if (before === undefined) this.#lines = [...this.#lines, line];
    else this.#lines = this.#lines.map((each) => (isUser(each, before) ? line : each));
  }

  removeUser(address: string): void {
    this.#lines = this.#lines.filter((each) => !isUser(each, address));
  }

  putDomain(record: DomainRecord): void {
    const line = { text: JSON.stringify(record), record };
    const isThere = this.#lines.some((each) => isDomain(each, record.domain));
    this.#lines = isThere
      ? this.#lines.map((each) => (isDomain(each, record.domain) ? line : each))
      : [...this.#lines, line];
  }

  removeDomain(domain: string): void {
    this.#lines = this.#lines.filter((each) => !isDomain(each, domain));
  }
}

function isUser({ record }: Line, address: string): boolean {
  return record !== undefined && 'user' in record && accountKey(record.user) === address;
}

function isDomain({ record }: Line, domain: string): boolean {
  return record !== undefined && 'domain' in record && accountKey(record.domain) === domain;
}

function addressesOf({ user, aliases = [] }: UserRecord): readonly string[] {
  return [user, ...aliases].map(accountKey);
}
