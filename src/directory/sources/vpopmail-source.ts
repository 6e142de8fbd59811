// The users of vpopmail: each domain has a folder with a file vpasswd, and usually a database vpasswd.cdb made of it. The folders of domains
// are below one folder, or named by users/assign of qmail, which also has the domains that are other names of one.
// Promises: only domains that were asked for lately are held open, and a bounded number of them.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { normalizeDomain } from '../../address/domain.ts';
import { systemReason } from '../../config/read/config-error.ts';
import { openTable } from '../../table/open-table.ts';
import { answerWithValues } from '../../table/kinds/key-value.ts';
import { openText } from '../../table/kinds/text.ts';
import { LiveTable } from '../../table/live-table.ts';
import type { FileSettings, NamedFile } from '../../table/table.ts';
import { Tables, type TablesParts } from '../../table/tables.ts';
import { brokenTable } from '../../table/table-error.ts';
import type { TextForm } from '../../table/text-entries.ts';
import type { FoundAccount } from '../account.ts';
import { accountOfVpasswdLine } from '../forms/vpasswd.ts';
import type { SourceSettings } from '../settings.ts';
import type { Failing } from '../types.ts';
import { type AccountSource, type FoundDomain, OwnDomains } from './source.ts';

/** Domains that are held open at most; those asked for least lately make room. */
const mostDomains = 500;

type Settings = Extract<SourceSettings, { readonly kind: 'vpopmail' }>;

/** A domain of vpopmail. */
type Place =
  | { readonly kind: 'folder'; readonly folder: string; readonly domain: string }
  | { readonly kind: 'absent' }
  | Failing;

const colon = 58;

/** users/assign of qmail: `+example.com-:example.com:89:89:/home/vpopmail/domains/example.com:-::`, and a dot on the last line. */
const assignForm: TextForm = {
  parts: (bytes, line) => {
    const isEnd = bytes.length === 1 && bytes[0] === 46;
    const keyEnd = isEnd ? 1 : bytes.indexOf(colon);
    if (keyEnd === -1) throw brokenTable(`line ${line} has no colon`);
    return { keyStart: 0, keyEnd, valueStart: Math.min(keyEnd + 1, bytes.length), valueEnd: bytes.length };
  },
  hasSeveralValues: false,
};

const assignKind = {
  seesWrites: false,
  open: (file: Parameters<typeof openText>[0]) => openText(file, assignForm, answerWithValues),
};

export class VpopmailSource implements AccountSource {
  readonly kind = 'accounts';
  readonly name: string;
  readonly #path: string;
  readonly #domains: OwnDomains;
  readonly #assign: Tables<NamedFile>;
  readonly #tables: Tables;
  /** By domain; the one asked for most lately is last. */
  readonly #open = new Map<string, FileSettings>();

  constructor({ name, path, domains }: Settings, parts: TablesParts) {
    this.name = name;
    this.#path = path;
    this.#domains = new OwnDomains(domains);
    this.#tables = new Tables(parts, openTable);
    this.#assign = new Tables(
      parts,
      (settings, reports) => new LiveTable(settings.name, settings.path, assignKind, reports),
    );
  }

  async find(address: string): Promise<FoundAccount> {
    const at = address.lastIndexOf('@');
    if (at === -1) return { kind: 'absent' };
    const place = await this.#placeOf(address.slice(at + 1));
    if (place.kind !== 'folder') return place;
    const table = await this.#tableOf(place);
    if (table.kind === 'failing') return table;
    const [answer] = await this.#lookup(table.name, address.slice(0, at));
    if (answer === undefined || answer.kind === 'absent') return { kind: 'absent' };
    if (answer.kind === 'failing') return answer;
    const account = accountOfVpasswdLine(`${address.slice(0, at)}@${place.domain}`, answer.values[0] ?? '');
    return { kind: 'account', account };
  }

  async findDomain(domain: string): Promise<FoundDomain> {
    const place = await this.#placeOf(domain);
    return place.kind === 'folder' ? { kind: 'present' } : place;
  }

  async close(): Promise<void> {
    await this.#tables.close();
    await this.#assign.close();
  }

  async #placeOf(domain: string): Promise<Place> {
    // What a client sends becomes a part of a path: nothing but a domain may.
    if (normalizeDomain(domain) !== domain || domain.startsWith('[')) return { kind: 'absent' };
    if (!this.#domains.has(`@${domain}`)) return { kind: 'absent' };
    try {
      const found = await stat(this.#path);
      if (!found.isDirectory()) return await this.#assignedPlace(domain);
      const folder = join(this.#path, domain);
      const isThere = await stat(folder).then(
        (stats) => stats.isDirectory(),
        (error: NodeJS.ErrnoException) => notThere(error),
      );
      return isThere ? { kind: 'folder', folder, domain } : { kind: 'absent' };
    } catch (error) {
      return { kind: 'failing', reason: `${this.#path}: ${systemReason(error)}` };
    }
  }

  async #assignedPlace(domain: string): Promise<Place> {
    const name = `${this.name} of the directory`;
    if (this.#assign.get(name) === undefined) this.#assign.configure([{ name, path: this.#path }]);
    const [answer] = (await this.#assign.get(name)?.lookup([`+${domain}-`])) ?? [];
    if (answer === undefined || answer.kind === 'absent') return { kind: 'absent' };
    if (answer.kind === 'failing') return answer;
    const [real = '', , , folder = ''] = (answer.values[0] ?? '').split(':');
    return folder === '' ? { kind: 'absent' } : { kind: 'folder', folder, domain: real };
  }

  /** The table of a domain, opened if it is not. */
  async #tableOf({
    folder,
    domain,
  }: Extract<Place, { kind: 'folder' }>): Promise<
    { readonly kind: 'table'; readonly name: string } | Failing
  > {
    const known = this.#open.get(domain);
    this.#open.delete(domain);
    const name = `${domain} of ${this.name} of the directory`;
    if (known !== undefined && this.#tables.get(name) !== undefined) {
      this.#open.set(domain, known);
      return { kind: 'table', name };
    }
    const database = join(folder, 'vpasswd.cdb');
    try {
      const isDatabase = await stat(database).then(
        (stats) => stats.isFile(),
        (error: NodeJS.ErrnoException) => notThere(error),
      );
      this.#open.set(
        domain,
        isDatabase
          ? { name, kind: 'cdb', path: database }
          : { name, kind: 'passwd', path: join(folder, 'vpasswd') },
      );
    } catch (error) {
      return { kind: 'failing', reason: `${database}: ${systemReason(error)}` };
    }
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostDomains) break;
      this.#open.delete(oldest);
    }
    this.#tables.configure([...this.#open.values()]);
    return { kind: 'table', name };
  }

  async #lookup(name: string, key: string) {
    return (await this.#tables.get(name)?.lookup([key])) ?? [];
  }
}

/** @returns false when it is not there. @throws {Error} of the system when it cannot tell */
function notThere(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
  throw error;
}
