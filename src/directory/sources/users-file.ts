// The file of Sluice's own directory as a table: a record of JSON on each line. The keys are the addresses of users, their aliases, and `@` and
// the domain of domains; the value of an alias is the key of its user. A user of a domain with a quota has the domain's record as a second value.

import { setImmediate } from 'node:timers/promises';
import type { TableKind } from '../../table/contents.ts';
import { PackedMap } from '../../table/packed-map.ts';
import { absent, type Answer } from '../../table/table.ts';
import { brokenTable } from '../../table/table-error.ts';
import { readLines } from '../../table/text-lines.ts';
import { parseHash } from '../../password/parse-hash.ts';
import { domainKey, quotaOfDomain, readRecord, type UserRecord } from '../record.ts';
import { accountKey } from '../account-key.ts';

/** The records of domains with a quota, by the keys of the domains. */
type Quotas = Map<string, string>;

/** A value that begins so is not a record but the key of one. */
const aliasMark = '=';

export const usersFile: TableKind = {
  seesWrites: false,
  open: async ({ handle, sizeBytes }) => {
    const map = new PackedMap(sizeBytes, false);
    let [users, domains] = [0, 0];
    const quotas: Quotas = new Map();
    const unusable = new UnusablePasswords();
    const add = (key: string, value: Uint8Array): void => {
      if (!map.add(Buffer.from(key), Buffer.from(value)))
        throw brokenTable('it holds more than 4 GiB', 'Use SQLite instead.');
    };
    let isComplete: boolean;
    try {
      isComplete = await readLines(handle, (bytes, line) => {
        const read = readRecord(bytes.toString());
        switch (read.kind) {
          case 'mistake':
            throw brokenTable(`line ${line} is no record of a user or domain: ${read.reason}`);
          case 'domain':
            domains++;
            if (quotaOfDomain(read.record) !== undefined)
              quotas.set(domainKey(read.record.domain), bytes.toString());
            add(domainKey(read.record.domain), bytes);
            return;
          case 'user': {
            users++;
            unusable.look(read.record);
            const key = accountKey(read.record.user);
            add(key, bytes);
            for (const alias of read.record.aliases ?? [])
              add(accountKey(alias), Buffer.from(aliasMark + key));
          }
        }
      });
    } finally {
      await handle.close();
    }
    // With an address on two lines, people would change one and the other would count.
    await map.index(setImmediate, (key) => {
      throw brokenTable(`${key} is there twice, as a user, an alias or a domain`, 'Remove one of the lines.');
    });
    return {
      lookup: (keys) => keys.map((key) => answerOf(map, quotas, key)),
      summary: `${users} ${users === 1 ? 'user' : 'users'} of ${domains} ${domains === 1 ? 'domain' : 'domains'}`,
      warnings: unusable.warnings,
      endsEarly: !isComplete,
      isWhole: true,
      close: () => Promise.resolve(),
    };
  },
};

/** Counts the users whose password Sluice does not check: they get temporary errors, which people find hard to explain. */
class UnusablePasswords {
  #count = 0;
  #example = '';

  look({ user, password = '', applications = [] }: UserRecord): void {
    for (const stored of [password, ...applications.map((each) => each.password)]) {
      const read = parseHash(stored);
      if (read.kind !== 'refused') continue;
      if (this.#count++ === 0) this.#example = `${user}: ${read.reason}`;
    }
  }

  get warnings(): readonly string[] {
    if (this.#count === 0) return [];
    const count = this.#count === 1 ? 'a password is' : `${this.#count} passwords are`;
    return [`${count} of a kind that Sluice does not check (${this.#example})`];
  }
}

function answerOf(map: PackedMap, quotas: Quotas, key: string): Answer {
  const [value] = map.valuesOf(key) ?? [];
  if (value === undefined) return absent;
  const userKey = value.startsWith(aliasMark) ? value.slice(aliasMark.length) : key;
  const values = userKey === key ? [value] : map.valuesOf(userKey);
  if (values === undefined) return absent;
  const domain = quotas.size === 0 ? undefined : quotas.get(userKey.slice(userKey.lastIndexOf('@')));
  return { kind: 'found', values: domain === undefined ? values : [...values, domain] };
}
