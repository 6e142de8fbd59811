// Aliases are followed to the mailboxes that they stand for; those that lead nowhere are our own fault.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AliasWalk } from '../../../src/policy/recipients/alias-walk.ts';
import {
  askedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
  unknown,
} from '../../../src/policy/recipients/recipient-source.ts';
import { RecipientRules } from '../../../src/policy/recipients/recipient-rules.ts';
import { absent, allFailing, type Answer, type Table } from '../../../src/table/table.ts';

type Values = Readonly<Record<string, string | readonly string[]>>;

interface Setting {
  /** By alias; `failing`: the table cannot tell. */
  readonly aliases: Values | 'failing';
  /** Mailboxes of a.test and b.test; not given: nobody knows them. */
  readonly mailboxes?: readonly string[];
  readonly answers?: Readonly<Record<string, RecipientAnswer>>;
  readonly key?: 'address' | 'local_part';
  readonly isCostly?: true;
}

function walk({ aliases, mailboxes, answers = {}, key = 'address', isCostly }: Setting) {
  const told: string[] = [];
  const asked: string[] = [];
  const worked: string[] = [];
  const table: Table = {
    name: 'aliases',
    lookup: (keys) =>
      aliases === 'failing'
        ? allFailing(keys, 'broken')
        : keys.map((each): Answer => {
            const values = aliases[each];
            return values === undefined ? absent : { kind: 'found', values: [values].flat() };
          }),
  };
  const source: RecipientSource | undefined =
    mailboxes === undefined
      ? undefined
      : {
          ...(isCostly && { isCostly }),
          find: ({ address }) => {
            asked.push(address);
            return answers[address] ?? (mailboxes.includes(address) ? exists : unknown);
          },
        };
  const reports = {
    failed: (alias: string, text: string, level = 'critical') => told.push(`${level} of ${alias}: ${text}`),
    worked: (alias: string) => worked.push(alias),
  };
  const rules = new RecipientRules([
    {
      domains: [{ kind: 'exact', domain: 'a.test' }],
      source,
      aliases: { table, key, separators: '+', reports },
    },
    { domains: [{ kind: 'exact', domain: 'b.test' }], source },
  ]);
  const find = async (address: string): Promise<string> => {
    told.length = 0;
    asked.length = 0;
    const recipient = askedRecipient(address, address.slice(address.lastIndexOf('@') + 1));
    const rule = rules.of(recipient.domain);
    assert.ok(rule?.aliases !== undefined);
    return (await new AliasWalk(rules).find(recipient, rule, rule.aliases)).kind;
  };
  return { find, told, asked, worked };
}

test('an alias exists when somebody that it stands for does', async () => {
  const { find, told } = walk({
    aliases: {
      'staff@a.test': 'joe@a.test, jane@b.test',
      'all@a.test': ['staff@a.test', 'far@elsewhere.test'],
      'out@a.test': 'someone@elsewhere.test',
      'robot@a.test': '"|/usr/bin/robot"',
      'list@a.test': ':include:/etc/list',
    },
    mailboxes: ['joe@a.test', 'jane@b.test'],
  });
  for (const name of ['staff', 'all', 'out', 'robot', 'list', 'joe', 'staff+x'])
    assert.equal(await find(`${name}@a.test`), 'exists', name);
  assert.equal(await find('nobody@a.test'), 'unknown');
  assert.deepEqual(told, []);
});

test('an alias that names itself means its mailbox', async () => {
  const aliases = { 'joe@a.test': 'joe@a.test, copy@elsewhere.test', 'jane@a.test': '\\jane' };
  const { find, told } = walk({ aliases, mailboxes: ['joe@a.test', 'jane@a.test'] });
  assert.equal(await find('joe@a.test'), 'exists');
  assert.equal(await find('jane@a.test'), 'exists');
  assert.deepEqual(told, []);
  const alone = walk({ aliases });
  assert.equal(await alone.find('joe@a.test'), 'exists');
  assert.equal(await alone.find('jane@a.test'), 'exists');
  assert.equal(await alone.find('jim@a.test'), 'unknown');
});

test('an alias for all names of a domain is for those without a mailbox', async () => {
  const { find, asked } = walk({
    aliases: { '@a.test': 'joe@a.test' },
    mailboxes: ['joe@a.test', 'jane@a.test'],
  });
  assert.equal(await find('jane@a.test'), 'exists');
  assert.deepEqual(asked, ['jane@a.test']);
  assert.equal(await find('anyone@a.test'), 'exists');
  assert.equal(
    await walk({ aliases: { '@a.test': '@b.test' }, mailboxes: ['x@b.test'] }).find('x@a.test'),
    'exists',
  );
});

test('aliases without domains are for every domain of their rule', async () => {
  const { find } = walk({
    aliases: { root: 'joe', joe: 'x@elsewhere.test' },
    mailboxes: [],
    key: 'local_part',
  });
  assert.equal(await find('root@a.test'), 'exists');
});

for (const [what, aliases, expected] of [
  [
    'itself by another',
    { 'a@a.test': 'b@a.test', 'b@a.test': 'a@a.test' },
    /circles: a@a\.test -> b@a\.test -> a@a\.test/,
  ],
  [
    'a circle behind it',
    { 'a@a.test': 'b', 'b@a.test': 'c', 'c@a.test': 'b, joe' },
    /circles: a@a\.test -> b@a\.test -> c@a\.test -> b@a\.test/,
  ],
  [
    'nobody',
    { 'a@a.test': 'gone@a.test' },
    /The alias a@a\.test stands for gone@a\.test, and there is no such mailbox/,
  ],
  ['nobody by another', { 'a@a.test': 'b', 'b@a.test': 'gone@b.test' }, /stands for gone@b\.test/],
  ['nothing', { 'a@a.test': ',' }, /stands for nothing/],
  [
    'what is no address',
    { 'a@a.test': 'joe jane' },
    /The alias a@a\.test cannot be read: "joe jane" is no address/,
  ],
] as const) {
  test(`an alias for ${what} is a temporary error, and is told`, async () => {
    const { find, told } = walk({ aliases, mailboxes: ['joe@a.test'] });
    assert.equal(await find('a@a.test'), 'failing');
    assert.match(told[0] ?? '', expected);
    assert.match(told[0] ?? '', /^critical of a@a\.test: .* answered with temporary errors\.$/u);
  });
}

test('an alias with one that is gone and one that is there is accepted, and is told', async () => {
  const { find, told } = walk({ aliases: { 'a@a.test': 'gone, joe' }, mailboxes: ['joe@a.test'] });
  assert.equal(await find('a@a.test'), 'exists');
  assert.deepEqual(told, [
    'warning of a@a.test: The alias a@a.test stands for gone@a.test, and there is no such mailbox. The others that it stands for are there, so mail for it is accepted.',
  ]);
});

test('what is told of an alias is by its key in the table, whatever the client wrote', async () => {
  const aliases = { 'a@a.test': 'gone', '@a.test': 'gone' };
  const { find, told, worked } = walk({ aliases, mailboxes: ['joe@a.test'] });
  await find('A+anything@a.test');
  assert.match(told[0] ?? '', /^critical of a@a\.test: The alias a@a\.test /);
  await find('anyone@a.test');
  assert.match(told[0] ?? '', /^critical of @a\.test: The alias @a\.test /);
  assert.deepEqual(worked, []);
  const good = walk({ aliases: { 'a@a.test': 'joe' }, mailboxes: ['joe@a.test'] });
  await good.find('a+x@a.test');
  assert.deepEqual(good.worked, ['a@a.test']);
});

test('aliases that are too deep or too wide are temporary errors', async () => {
  const chain = (length: number): Values =>
    Object.fromEntries(Array.from({ length }, (_, at) => [`u${at}@a.test`, `u${at + 1}`]));
  const mailboxes = ['u20@a.test', 'u21@a.test'];
  assert.equal(await walk({ aliases: chain(20), mailboxes }).find('u0@a.test'), 'exists');
  const deep = walk({ aliases: chain(21), mailboxes });
  assert.equal(await deep.find('u0@a.test'), 'failing');
  assert.match(deep.told[0] ?? '', /more than 20 deep/);
  const wide = (count: number): string =>
    Array.from({ length: count }, (_, at) => `u${at}@far.test`).join(',');
  assert.equal(await walk({ aliases: { 'a@a.test': wide(1000) } }).find('a@a.test'), 'exists');
  const wider = walk({ aliases: { 'a@a.test': wide(1001) } });
  assert.equal(await wider.find('a@a.test'), 'failing');
  assert.match(wider.told[0] ?? '', /more than 1000 addresses/);
});

test('a source that cannot tell is a temporary error, unless somebody is there', async () => {
  const answers = { 'joe@a.test': { kind: 'failing', reason: 'away' } } as const;
  const { find, told } = walk({
    aliases: { 'a@a.test': 'joe', 'b@a.test': 'joe, jane' },
    mailboxes: ['jane@a.test'],
    answers,
  });
  assert.equal(await find('a@a.test'), 'failing');
  assert.equal(await find('b@a.test'), 'exists');
  assert.deepEqual(told, []);
  assert.equal(await walk({ aliases: 'failing', mailboxes: ['joe@a.test'] }).find('joe@a.test'), 'failing');
});

test('a costly source is asked until somebody is there', async () => {
  const mailboxes = ['joe@b.test', 'jane@b.test'];
  const { find, asked } = walk({
    aliases: { 'a@a.test': 'x@b.test, joe@b.test, jane@b.test' },
    mailboxes,
    isCostly: true,
  });
  assert.equal(await find('a@a.test'), 'exists');
  assert.deepEqual(asked, ['x@b.test', 'joe@b.test']);
});

test('every walk ends, whatever leads where', async () => {
  const name = fc.integer({ min: 0, max: 12 }).map((at) => `u${at}`);
  const value = fc.array(name, { maxLength: 6 }).map((names) => names.join(','));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value), async (entries) => {
      const aliases = Object.fromEntries(Object.entries(entries).map(([key, to]) => [`${key}@a.test`, to]));
      const { find, told } = walk({ aliases, mailboxes: ['u0@a.test', 'u1@a.test'] });
      const kind = await find('u5@a.test');
      assert.ok(['exists', 'unknown', 'failing'].includes(kind));
      assert.equal(
        kind === 'failing',
        told.some((each) => each.startsWith('critical')),
      );
      if (kind === 'unknown') assert.equal(aliases['u5@a.test'], undefined);
    }),
  );
});
