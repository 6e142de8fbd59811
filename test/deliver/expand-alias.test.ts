// Any tables of aliases: expansion ends, names each address once, finds all that can be reached, and agrees with what RCPT says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandAlias } from '../../src/deliver/mailbox/expand-alias.ts';
import { AliasWalk } from '../../src/policy/recipients/alias-walk.ts';
import { RecipientRules } from '../../src/policy/recipients/recipient-rules.ts';
import { askedRecipient, exists } from '../../src/policy/recipients/recipient-source.ts';
import { absent, type Answer } from '../../src/table/table.ts';
import { parseDomainPattern } from '../../src/values/domain.ts';

const names = ['n0@a.test', 'n1@a.test', 'n2@a.test', 'n3@a.test'] as const;
const target = fc.constantFrom(...names, 'N1', 'n2+x', '\\n3', 'ext@b.test', 'Ext@b.test', '"n0"@a.test');
const tables = fc.dictionary(fc.constantFrom(...names), fc.array(target, { minLength: 1, maxLength: 4 }), {
  maxKeys: 4,
  noNullPrototype: true,
});

/** The name in the table that a written target is for. */
function nameOf(written: string): string {
  const bare = written.replace(/^\\/u, '').replaceAll('"', '').toLowerCase();
  return bare.includes('@') ? bare : `${bare}@a.test`;
}

function withoutExtension(name: string): string {
  return name.replace(/\+[^@]*/u, '');
}

test('any aliases are expanded to what can be reached, or are a fault for RCPT as well', async () => {
  await fc.assert(
    fc.asyncProperty(tables, fc.constantFrom(...names), async (table, start) => {
      const answerTo = (key: string): Answer => {
        const values = table[key];
        return values === undefined ? absent : { kind: 'found', values: [values.join(', ')] };
      };
      const expanded = await expandAlias(
        {
          tables: { lookup: (_, keys) => Promise.resolve(keys.map(answerTo)) },
          table: 'aliases',
          users: { find: () => Promise.resolve({ kind: 'absent' }) },
          separators: '+',
        },
        start,
      );
      const aliases = {
        table: { name: 'aliases', lookup: (keys: readonly string[]) => keys.map(answerTo) },
        key: 'address',
        separators: '+',
        areExpandedHere: true,
        reports: { failed: () => undefined, worked: () => undefined },
      } as const;
      const rule = { domains: [parseDomainPattern('a.test')], source: { find: () => exists }, aliases };
      const rcpt = await new AliasWalk(new RecipientRules([rule])).find(
        askedRecipient(start, 'a.test'),
        rule,
        aliases,
      );
      assert.equal(expanded.kind === 'fault', rcpt.kind === 'failing', JSON.stringify(expanded));
      if (expanded.kind !== 'alias') return;
      const found = expanded.groups.flatMap(({ addresses }) => addresses.map((each) => each.toLowerCase()));
      assert.equal(new Set(found).size, found.length);
      assert.deepEqual(new Set(expanded.hasMailbox ? [...found, start] : found), reachable(table, start));
    }),
    { numRuns: 1_000 },
  );
});

function reachable(table: Readonly<Record<string, readonly string[]>>, start: string): ReadonlySet<string> {
  const ends = new Set<string>();
  const seen = new Set<string>([start]);
  const waiting: string[] = [start];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const written of table[withoutExtension(name)] ?? []) {
      const next = nameOf(written);
      const isEnd = written.startsWith('\\') || next === name || next === withoutExtension(name);
      if (isEnd || table[withoutExtension(next)] === undefined) ends.add(next);
      else if (!seen.has(next)) {
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  return ends;
}
