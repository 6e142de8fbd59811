// The file of Sluice's own directory as a table: a record of JSON on each line. The keys are the addresses of users, their aliases, and `@` and
// the domain of domains; the value of an alias is the key of its user.

import { setImmediate } from 'node:timers/promises';
import type { TableKind } from '../../table/contents.ts';
import { PackedMap } from '../../table/packed-map.ts';
import { absent, type Answer } from '../../table/table.ts';
import { brokenTable } from '../../table/table-error.ts';
import { readLines } from '../../table/text-lines.ts';
import { parseHash } from '../../password/parse-hash.ts';
import { domainKey, readRecord, type UserRecord } from '../record.ts';
import { accountKey } from '../account-key.ts';

/** A value that begins so is not a record but the key of one. */
const aliasMark = '=';

export const usersFile: TableKind = {
  seesWrites: false,
  open: async ({ handle, sizeBytes }) => {
    const map = new PackedMap(sizeBytes, false);
    let [users, domains] = [0, 0];
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
      lookup: (keys) => keys.map((key) => answerOf(map, key)),
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

function answerOf(map: PackedMap, key: string): Answer {
  const [value] = map.valuesOf(key) ?? [];
  if (value === undefined) return absent;
  const values = value.startsWith(aliasMark) ? map.valuesOf(value.slice(aliasMark.length)) : [value];
  return values === undefined ? absent : { kind: 'found', values };
}
