// The walk through control/recipients: the order of the lines, and what ends it, as in s/qmail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecipientsControl } from '../../../src/policy/recipients/control-file.ts';
import { ControlSource } from '../../../src/policy/recipients/control-source.ts';
import { askedRecipient } from '../../../src/policy/recipients/recipient-source.ts';
import { absent, allFailing, found, type Table } from '../../../src/table/table.ts';

type Sources = Readonly<Record<string, readonly string[] | 'failing'>>;

/** @param sources - the keys of each cdb and program; one that is not named here fails the test */
function walk(text: string, sources: Sources, separators = '-') {
  const lines = parseRecipientsControl(text);
  const asked: string[] = [];
  const told: (string | undefined)[] = [];
  const source = new ControlSource({
    lines: () => lines,
    separators,
    told: (failure) => told.push(failure),
    tableOf: (one): Table => {
      const name = one.kind === 'cdb' ? one.path : one.command.join(' ');
      const keys = sources[name];
      assert.ok(keys !== undefined, `${name} was not to be asked`);
      asked.push(name);
      return {
        name,
        lookup: (wanted) =>
          keys === 'failing'
            ? allFailing(wanted, 'broken')
            : wanted.map((key) => (keys.includes(key) ? found : absent)),
      };
    },
  });
  return async (address: string) => {
    asked.length = 0;
    const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
    const { kind } = await source.find(askedRecipient(address, domain));
    return [kind, ...asked].join(' ');
  };
}

test('the first source that knows the recipient ends the walk; without one it is unknown', async () => {
  const ask = walk('@a.test:a.cdb\n*|prog\n*:all.cdb', {
    'a.cdb': [':joe@a.test'],
    prog: ['jane@b.test'],
    'all.cdb': [':jim@b.test'],
  });
  assert.equal(await ask('JOE@A.test'), 'exists a.cdb');
  assert.equal(await ask('jane@b.test'), 'exists prog');
  assert.equal(await ask('jim@b.test'), 'exists prog all.cdb');
  assert.equal(await ask('nobody@a.test'), 'unknown a.cdb prog all.cdb');
});

test('a domain in front of a source means it and the domains under it, "@" it alone, "." those under it', async () => {
  const keys = { a: [':x@a.test', ':x@sub.a.test'], b: [':x@b.test', ':x@sub.b.test'], c: [':x@sub.c.test'] };
  const ask = walk('a.test:a\n', keys);
  assert.equal(await ask('x@a.test'), 'exists a');
  assert.equal(await ask('x@sub.a.test'), 'exists a');
  assert.equal(await ask('x@nota.test'), 'unknown');
  const exact = walk('@b.test:b', keys);
  assert.equal(await exact('x@b.test'), 'exists b');
  assert.equal(await exact('x@sub.b.test'), 'unknown');
  const below = walk('.c.test:c', keys);
  assert.equal(await below('x@sub.c.test'), 'exists c');
  assert.equal(await below('x@c.test'), 'unknown');
});

test('"!" accepts every recipient of a domain, when no line before has known or refused it', async () => {
  const ask = walk('!a.test\nb.test|prog\n!b.test\n', { prog: 'failing' });
  assert.equal(await ask('anyone@a.test'), 'exists');
  assert.equal(await ask('anyone@sub.a.test'), 'unknown');
  assert.equal(await ask('anyone@b.test'), 'failing prog');
});

test('"!*" accepts the recipients of domains that no line before names', async () => {
  const ask = walk('@a.test:a\nb@b.test\n!*\n', { a: [] });
  assert.equal(await ask('x@a.test'), 'unknown a');
  assert.equal(await ask('x@b.test'), 'unknown');
  assert.equal(await ask('b@b.test'), 'exists');
  assert.equal(await ask('x@c.test'), 'exists');
  // "*" names no domain.
  assert.equal(await walk('*:a\n!*', { a: [] })('x@c.test'), 'exists a');
});

test('a cdb alone is for domains that no line before names', async () => {
  const ask = walk('a.test:a\nlegacy\nsecond\n', { a: [], legacy: [], second: [':x@b.test'] });
  assert.equal(await ask('x@a.test'), 'unknown a');
  assert.equal(await ask('x@b.test'), 'exists legacy second');
});

test('once a line has named the domain, the sources of all lines behind it are asked, as in s/qmail', async () => {
  const ask = walk('b.test:b\na.test:a\nc.test|prog', { a: [], b: [], prog: ['x@a.test'] });
  assert.equal(await ask('x@a.test'), 'exists a prog');
  assert.equal(await ask('x@b.test'), 'unknown b a prog');
  assert.equal(await ask('x@d.test'), 'unknown');
});

test('a source for other domains that cannot tell holds up no mail', async () => {
  const ask = walk('a.test:a\nb.test:broken\nc.test|prog', { a: [], broken: 'failing', prog: 'failing' });
  assert.equal(await ask('x@a.test'), 'unknown a broken prog');
  assert.equal(await ask('x@b.test'), 'failing broken prog');
});

test('a database that cannot be read is a temporary error, unless another source knows the recipient', async () => {
  const ask = walk('*:broken\n*:good', { broken: 'failing', good: [':joe@a.test'] });
  assert.equal(await ask('joe@a.test'), 'exists broken good');
  assert.equal(await ask('jane@a.test'), 'failing broken good');
});

test('a program that cannot tell ends the walk', async () => {
  const ask = walk('*|prog\n*:good', { prog: 'failing' });
  assert.equal(await ask('joe@a.test'), 'failing prog');
});

test('an extended address exists when the name before its first separator does, with or without the separator', async () => {
  const ask = walk('*:a', { a: [':list-@a.test', ':joe@a.test'] });
  assert.equal(await ask('list-owner-x@a.test'), 'exists a');
  assert.equal(await ask('list@a.test'), 'unknown a');
  assert.equal(await ask('joe-shop@a.test'), 'exists a');
  assert.equal(await ask('-joe@a.test'), 'unknown a');
  assert.equal(await ask('"joe-x y"@a.test'), 'unknown a');
  assert.equal(await ask('"joe"@a.test'), 'exists a');
  assert.equal(await walk('*:a', { a: [':joe@a.test'] }, '+')('joe-shop@a.test'), 'unknown a');
});

test('a file that cannot be used is a temporary error each time, and is told', async () => {
  const told: (string | undefined)[] = [];
  let isBroken = true;
  const source = new ControlSource({
    lines: () => {
      if (isBroken) throw new Error('line 1: nonsense');
      return parseRecipientsControl('!*');
    },
    separators: '-',
    told: (failure) => told.push(failure),
    tableOf: () => assert.fail(),
  });
  const asked = askedRecipient('a@b.test', 'b.test');
  assert.deepEqual(await source.find(asked), { kind: 'failing', reason: 'line 1: nonsense' });
  isBroken = false;
  assert.deepEqual(await source.find(asked), { kind: 'exists' });
  assert.deepEqual(told, ['line 1: nonsense', undefined]);
});
