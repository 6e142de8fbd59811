// The one place where the kind of a source is chosen. Sources that are tables share one look at their files a second.

import type { TableKind } from '../../table/contents.ts';
import { passwd } from '../../table/kinds/passwd.ts';
import { sqlite } from '../../table/kinds/sqlite.ts';
import { LiveTable } from '../../table/live-table.ts';
import { allFailing, type Table } from '../../table/table.ts';
import { TableReports } from '../../table/table-reports.ts';
import { Tables, type TablesParts } from '../../table/tables.ts';
import type { FoundAccount } from '../account.ts';
import { accountOfRow } from '../forms/columns.ts';
import { accountOfPasswdLine } from '../forms/dovecot-passwd.ts';
import { accountOf, readRecord, withDomainQuota } from '../record.ts';
import type { SourceSettings } from '../settings.ts';
import { ownQuery } from './own-database.ts';
import { PostgresqlTable } from '../../table/postgresql-table.ts';
import type { Source } from './source.ts';
import { TableSource } from './table-source.ts';
import { usersFile } from './users-file.ts';
import { CheckpasswordSource } from './checkpassword-source.ts';
import { DovecotSource } from './dovecot-source.ts';
import { VpopmailSource } from './vpopmail-source.ts';

/** Sources that are tables as a whole. */
type TableSettings = Extract<SourceSettings, { readonly kind: 'users' | 'passwd' | 'sqlite' }>;

interface Closing {
  close(): Promise<void>;
}

export class Sources {
  readonly #parts: TablesParts;
  readonly #tables: Tables<TableSettings>;
  #sources: readonly Source[] = [];
  /** Those that hold something open beside the tables. */
  #closing: Closing[] = [];

  constructor(parts: TablesParts) {
    this.#parts = parts;
    this.#tables = new Tables<TableSettings>(
      parts,
      (settings, reports) => new LiveTable(settings.name, settings.path, kindOf(settings), reports),
    );
  }

  /** In the order of the configuration. */
  get list(): readonly Source[] {
    return this.#sources;
  }

  /** Opens what is new and closes what is gone. Files are read in the background. */
  configure(settings: readonly SourceSettings[]): void {
    const before = this.#closing;
    this.#closing = [];
    this.#tables.configure(settings.filter(isTable).map(named));
    this.#sources = settings.map((each) => this.#open(each));
    for (const each of before) void each.close();
  }

  /** Resolves when the files that were looked at are read. */
  async settled(): Promise<void> {
    await this.#tables.settled();
  }

  async close(): Promise<void> {
    this.configure([]);
    await this.#tables.close();
  }

  #open(settings: SourceSettings): Source {
    switch (settings.kind) {
      case 'vpopmail':
        return this.#closedLater(new VpopmailSource(settings, this.#parts));
      case 'postgresql':
        return this.#openPostgresql(settings);
      case 'dovecot':
        return this.#closedLater(new DovecotSource(settings, this.#parts.timers));
      case 'checkpassword':
        return new CheckpasswordSource(settings);
      case 'users':
      case 'passwd':
      case 'sqlite':
        return this.#openTable(settings);
    }
  }

  #closedLater<Opened extends Source & Closing>(source: Opened): Opened {
    this.#closing.push(source);
    return source;
  }

  #openPostgresql(settings: Extract<SourceSettings, { readonly kind: 'postgresql' }>): Source {
    const { name, domains, key, connection } = settings;
    const { log, troubles } = this.#parts;
    const reports = new TableReports(nameOfTable(settings), connection, log, troubles);
    const table = new PostgresqlTable({ ...settings, rows: 'object' }, reports);
    this.#closing.push(table);
    return new TableSource({ name, domains, table, key, hasDomains: false, accountOf: accountOfRow });
  }

  #openTable(settings: TableSettings): Source {
    const { name, domains } = settings;
    const table = this.#tables.get(nameOfTable(settings)) ?? closedTable(name);
    const isOwn = settings.kind === 'users' || (settings.kind === 'sqlite' && settings.query === undefined);
    return new TableSource({
      name,
      domains,
      table,
      key: settings.kind === 'users' ? 'address' : settings.key,
      hasDomains: isOwn,
      accountOf: readerOf(settings),
    });
  }
}

export function isTable(settings: SourceSettings): settings is TableSettings {
  return settings.kind === 'users' || settings.kind === 'passwd' || settings.kind === 'sqlite';
}

function named(settings: TableSettings): TableSettings {
  return { ...settings, name: nameOfTable(settings) };
}

/** Messages and troubles name the table so. */
function nameOfTable({ name }: SourceSettings): string {
  return `${name} of the directory`;
}

export function kindOf(settings: TableSettings): TableKind {
  switch (settings.kind) {
    case 'users':
      return usersFile;
    case 'passwd':
      return passwd;
    case 'sqlite':
      return sqlite({ ...settings, query: settings.query ?? ownQuery, rows: 'object' });
  }
}

function readerOf(
  settings: TableSettings,
): (address: string, value: string, domain: string | undefined) => FoundAccount {
  switch (settings.kind) {
    case 'users':
      return (_, value, domain) => accountOfRecord(value, domain);
    case 'passwd':
      return (address, value) => ({ kind: 'account', account: accountOfPasswdLine(address, value) });
    case 'sqlite':
      return (address, value) => accountOfRow(address, value);
  }
}

/** The file was read without mistakes, so every value is a record. */
function accountOfRecord(value: string, domain: string | undefined): FoundAccount {
  const read = readRecord(value);
  if (read.kind !== 'user') return { kind: 'absent' };
  const account = accountOf(read.record);
  const ofDomain = domain === undefined ? undefined : readRecord(domain);
  if (ofDomain?.kind !== 'domain') return { kind: 'account', account };
  return { kind: 'account', account: { ...account, user: withDomainQuota(account.user, ofDomain.record) } };
}

/** The tables of all sources are configured: this is for one that is closed meanwhile. */
function closedTable(name: string): Table {
  return { name, lookup: (keys) => allFailing(keys, `the source ${name} is closed`) };
}
