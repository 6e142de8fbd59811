// Expands an alias to the addresses that it stands for, by the table of [mailboxes] (RFC 5321 3.9). Promises: every walk ends; each address comes
// once; an alias that goes in circles, or that nobody can read, is our own fault, and its mail waits; what RCPT accepts by the same
// table is found here (`policy/recipients/alias-walk.ts`).

import { domainOf } from '../../address/domain.ts';
import { mailboxKeys, withoutQuotes } from '../../policy/mailbox-keys.ts';
import { type AliasTarget, aliasTargets } from '../../policy/recipients/alias-targets.ts';
import { type AskedRecipient, askedRecipient } from '../../policy/recipients/recipient-source.ts';
import type { Answer } from '../../table/table.ts';
import { tableKey } from '../../table/table-key.ts';
import { mostOnwardMails } from '../../values/onward-mail.ts';
import { findMailbox } from './find-mailbox.ts';
import type { UserFinder } from './user-lookups.ts';

/** Aliases that lead to each other. */
const mostDeep = 20;
/** In one walk, as at RCPT. */
const mostAddresses = 1_000;

export interface AliasTables {
  /** It never rejects. */
  lookup(table: string, keys: readonly string[]): Promise<readonly Answer[]>;
}

export interface AliasParts {
  readonly tables: AliasTables;
  /** Its name. */
  readonly table: string;
  readonly users: UserFinder;
  readonly separators: string;
}

/** Addresses with one owner: whoever hears of what becomes of their mail. */
export interface AliasGroup {
  /** `owner-NAME` of the alias; undefined: the sender of the message. */
  readonly owner: string | undefined;
  readonly addresses: readonly string[];
}

export type ExpandedAlias =
  /** It is no alias: mail is for the mailbox. */
  | { readonly kind: 'none' }
  /** `hasMailbox`: the mailbox of the address itself is among what it stands for. */
  | { readonly kind: 'alias'; readonly groups: readonly AliasGroup[]; readonly hasMailbox: boolean }
  /** Mail waits. `why` is a clause. */
  | { readonly kind: 'fault'; readonly status: string; readonly why: string };

/** Mail waits. The message is a clause. */
class AliasFault extends Error {
  readonly status: string;

  /** @param status - RFC 3463: 4.3.5, the system is incorrectly configured; 4.3.0, it cannot tell now */
  constructor(why: string, status = '4.3.5') {
    super(why);
    this.status = status;
  }
}

/** It never rejects. */
export async function expandAlias(parts: AliasParts, address: string): Promise<ExpandedAlias> {
  try {
    return await new AliasExpansion(parts).expand(address);
  } catch (error) {
    if (!(error instanceof AliasFault)) throw error;
    return { kind: 'fault', status: error.status, why: error.message };
  }
}

class AliasExpansion {
  readonly #parts: AliasParts;
  /** By owner. */
  readonly #groups = new Map<string | undefined, string[]>();
  readonly #found = new Set<string>();
  readonly #done = new Set<string>();
  #addresses = 0;

  constructor(parts: AliasParts) {
    this.#parts = parts;
  }

  async expand(address: string): Promise<ExpandedAlias> {
    const asked = askedRecipient(address, domainOf(address));
    const entry = await this.#entryOf(asked);
    if (entry === undefined) return { kind: 'none' };
    await this.#walk(entry, asked, [], undefined);
    const own = new Set(this.#keysOf(asked));
    let hasMailbox = false;
    const groups: AliasGroup[] = [];
    for (const [owner, all] of this.#groups) {
      const addresses = all.filter((each) => !own.has(tableKey(each)));
      if (addresses.length < all.length) hasMailbox = true;
      if (addresses.length > 0) groups.push({ owner, addresses });
    }
    if (groups.length === 0 && !hasMailbox) throw new AliasFault(`the alias ${address} stands for nothing`);
    if (groups.length > mostOnwardMails)
      throw new AliasFault(`the alias ${address} has more than ${mostOnwardMails} owners`);
    return { kind: 'alias', groups, hasMailbox };
  }

  #keysOf({ localPart, domain }: AskedRecipient): readonly string[] {
    const { separators } = this.#parts;
    return mailboxKeys(localPart, domain, { key: 'address', separators });
  }

  /** The entry of an alias; undefined: there is none. */
  async #entryOf(asked: AskedRecipient): Promise<{ key: string; values: readonly string[] } | undefined> {
    const { tables, table, users, separators } = this.#parts;
    const keys = this.#keysOf(asked);
    const answers = await tables.lookup(table, keys);
    for (const [at, answer] of answers.entries()) {
      const key = keys[at] ?? '';
      if (answer.kind === 'failing')
        throw new AliasFault(`aliases cannot be looked up: ${answer.reason}`, '4.3.0');
      if (answer.kind !== 'found') continue;
      if (!key.startsWith('@')) return { key, values: answer.values };
      // The alias for all names of a domain is for those without a mailbox.
      const mailbox = await findMailbox(users, asked.address, separators);
      if (mailbox.kind === 'failing')
        throw new AliasFault(`it cannot be told who has this mailbox: ${mailbox.reason}`, '4.3.0');
      return mailbox.kind === 'user' ? undefined : { key, values: answer.values };
    }
    return undefined;
  }

  async #walk(
    { key, values }: { readonly key: string; readonly values: readonly string[] },
    asked: AskedRecipient,
    path: readonly string[],
    ownerAbove: string | undefined,
  ): Promise<void> {
    const name = tableKey(asked.address);
    const way = [...path, name];
    if (path.includes(name)) throw new AliasFault(`an alias goes in circles: ${way.join(' -> ')}`);
    if (way.length > mostDeep)
      throw new AliasFault(`the aliases ${way.slice(0, 3).join(' -> ')} ... are more than ${mostDeep} deep`);
    if (this.#done.has(name)) return;
    this.#done.add(name);
    const owner = (await this.#ownerOf(key)) ?? ownerAbove;
    for (const target of targetsOf(key, values, asked)) {
      if (++this.#addresses > mostAddresses)
        throw new AliasFault(`the alias ${way[0] ?? key} stands for more than ${mostAddresses} addresses`);
      if (target.kind === 'delivery')
        throw new AliasFault(
          `the alias ${key} names ${JSON.stringify(target.text.slice(0, 100))}, which is only for users of the system`,
        );
      // RFC 5321 4.1.2: quotes that are not needed make no other mailbox.
      const next = askedRecipient(`${withoutQuotes(target.localPart)}@${target.domain}`, target.domain);
      const isItself = target.isFinal || tableKey(next.address) === name || tableKey(next.address) === key;
      const entry = isItself ? undefined : await this.#entryOf(next);
      if (entry === undefined) this.#add(next.address, owner);
      else await this.#walk(entry, next, way, owner);
    }
  }

  #add(address: string, owner: string | undefined): void {
    const key = tableKey(address);
    if (this.#found.has(key)) return;
    this.#found.add(key);
    const group = this.#groups.get(owner);
    if (group === undefined) this.#groups.set(owner, [address]);
    else group.push(address);
  }

  /** @param key - of an alias. @returns the address `owner-NAME`, if there is one */
  async #ownerOf(key: string): Promise<string | undefined> {
    if (key.startsWith('@') || key.startsWith('owner-')) return undefined;
    const { tables, table, users } = this.#parts;
    const owner = `owner-${key}`;
    const [answer] = await tables.lookup(table, [owner]);
    if (answer?.kind === 'found') return owner;
    return (await users.find(owner)).kind === 'user' ? owner : undefined;
  }
}

function targetsOf(key: string, values: readonly string[], asked: AskedRecipient): readonly AliasTarget[] {
  try {
    const targets = values.flatMap((value) => aliasTargets(value, asked));
    if (targets.length > 0) return targets;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AliasFault(`the alias ${key} cannot be read: ${reason}`);
  }
  throw new AliasFault(`the alias ${key} stands for nothing`);
}
