// The contract of a directory that commands change: Sluice's own, in a file or in a database. Nothing of a change is seen before all of it is on
// the disk.

import type { DomainRecord, UserRecord } from '../record.ts';

/** The records, as they are while one change is made. Addresses and domains are in the form of `accountKey`. */
export interface EditableRecords {
  /** The user with this address or alias. */
  user(address: string): UserRecord | undefined;
  domain(domain: string): DomainRecord | undefined;
  domains(): readonly DomainRecord[];
  /** @param domain - only users of this domain */
  users(domain?: string): Iterable<UserRecord>;
  /**
   * Adds a user, or changes one.
   * @param before - the address of the user that is changed, who may get another one; undefined: a new user
   */
  putUser(record: UserRecord, before?: string): void;
  removeUser(address: string): void;
  /** Adds a domain, or takes the place of its record. */
  putDomain(record: DomainRecord): void;
  removeDomain(domain: string): void;
}

/** One directory that commands change. */
export interface EditableDirectory {
  /** Changes nothing, and needs no right to write. */
  read<Result>(act: (records: EditableRecords) => Result): Promise<Result>;
  /**
   * Makes one change, alone.
   * @returns what `change` returns. When it throws, nothing is changed.
   */
  edit<Result>(change: (records: EditableRecords) => Result): Promise<Result>;
}

/** Who may read a file that is made. */
export interface NewFileOwnership {
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}
