// The file of taps, and which tap an envelope is copied by.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below, pick, seededRandom } from '../../../sim/disk/random.ts';
import { loadExpressions } from '../../../src/policy/taps/address-expression.ts';
import { parseTapFile as taps, type Tap } from '../../../src/policy/taps/tap-file.ts';
import { TapRules } from '../../../src/policy/taps/tap-rules.ts';

await loadExpressions();

function hit(text: string, sender: string, recipients: readonly string[]): string | undefined {
  return new TapRules(taps(text)).find(sender, recipients)?.tap.copyTo;
}

test('lines name a side, an expression and who gets the copy', () => {
  const read = taps(
    '# archive\n\n.*@example.com:a@archive.example\nF:joe:b@archive.example\nT:!@ours:c@archive.example\nA:x:y:d@archive.example\nB:x:e@archive.example\n',
  ).map(({ side, isNegated, copyTo, text }) => [side, isNegated, copyTo, text.split(':', 1)[0]]);
  assert.deepEqual(read, [
    ['either', false, 'a@archive.example', 'line 3'],
    ['sender', false, 'b@archive.example', 'line 4'],
    ['recipient', true, 'c@archive.example', 'line 5'],
    ['either', false, 'd@archive.example', 'line 6'],
    // A letter that says nothing belongs to the expression.
    ['either', false, 'e@archive.example', 'line 7'],
  ]);
  const [, , , fourth, fifth] = taps(
    'a:a@x.example\na:a@x.example\na:a@x.example\nA:x:y:d@x.example\nB:x:e@x.example',
  );
  assert.equal(fourth?.expression.matches('x:y'), true);
  assert.equal(fifth?.expression.matches('b:x'), true);
});

test('a line that nobody can understand makes the file malformed', () => {
  for (const [line, reason] of [
    ['joe', 'line 2: an expression, ":" and an address are needed'],
    ['joe:', 'line 2: "" is no address for the copy'],
    ['joe:nobody', 'line 2: "nobody" is no address for the copy: it has no domain'],
    ['joe:a@b c', 'line 2: "a@b c" is no address for the copy'],
    ['(joe:a@archive.example', 'line 2: "(joe" is no regular expression of POSIX: a "(" has no ")"'],
  ] as const) {
    assert.throws(() => taps(`# first\n${line}\n`), { message: reason }, line);
  }
});

test('the sender is tried first, then the recipients in their order, and the first hit counts', () => {
  const file = 'T:bill:1@x.example\nF:joe:2@x.example\nA:ann:3@x.example\n';
  assert.equal(hit(file, 'joe@example.com', ['bill@example.com']), '2@x.example');
  assert.equal(hit(file, 'bill@example.com', ['joe@example.com']), undefined);
  assert.equal(hit(file, 'x@example.com', ['ann@example.com', 'bill@example.com']), '3@x.example');
  assert.equal(hit(file, 'x@example.com', ['bill@example.com', 'ann@example.com']), '1@x.example');
  assert.equal(hit(file, 'ANN@EXAMPLE.COM', ['bill@example.com']), '3@x.example');
  // The null sender is an address with nothing in it.
  assert.equal(hit('.*:1@x.example', '', ['a@example.com']), '1@x.example');
  assert.equal(hit('F:!@ours\\.example$:1@x.example', 'a@ours.example', ['b@example.com']), undefined);
  assert.equal(hit('F:!@ours\\.example$:1@x.example', 'a@other.example', ['b@example.com']), '1@x.example');
});

test('an empty expression is for every address, as with grep -E, and its negation for none', () => {
  for (const line of ['A::1@x.example', ':1@x.example', 'F::1@x.example', 'T::1@x.example']) {
    assert.equal(hit(line, 'joe@example.com', ['bill@example.com']), '1@x.example', line);
    assert.equal(hit(line, '', ['bill@example.com']), '1@x.example', line);
  }
  assert.equal(hit('T:!:1@x.example\nA:!:2@x.example', 'joe@example.com', ['bill@example.com']), undefined);
  // The lines before it are tried first.
  const file = 'F:joe:1@x.example\nA::2@x.example\n';
  assert.equal(hit(file, 'joe@example.com', ['bill@example.com']), '1@x.example');
  assert.equal(hit(file, 'ann@example.com', ['joe@example.com']), '2@x.example');
});

test('an expression is tried with addresses alone that have all of its texts in them', () => {
  const lines = Array.from({ length: 1000 }, (_, at) => [
    `A:^dept-${at}[0-9]*@big\\.example$:archive@x.example`,
    `T:^[a-z.]+\\+tag${at}@(mail|www)\\.big\\.example$:archive@x.example`,
    `F:^joe[0-9]@customer${at}\\.example$:archive@x.example`,
  ]).flat();
  let tried = 0;
  const counted = Array.from(taps(lines.join('\n')), (tap): Tap => {
    const matches = (address: string): boolean => {
      tried++;
      return tap.expression.matches(address);
    };
    return { ...tap, expression: { ...tap.expression, matches } };
  });
  const rules = new TapRules(counted);
  const who = ['sender@big.example', 'ann+tag@mail.big.example', 'joe@customer.example', 'dept@big.example'];
  for (const sender of who) assert.equal(rules.find(sender, who), undefined);
  assert.equal(tried, 0);
  assert.equal(
    rules.find('dept-9977@big.example', [])?.tap.text,
    'line 28: A:^dept-9[0-9]*@big\\.example$:archive@x.example',
  );
  assert.ok(tried <= 10, `${tried} were tried`);
});

test('very many taps of one expression are no failure', () => {
  const [tap] = taps('T:@example\\.com$:1@x.example');
  assert.ok(tap !== undefined);
  const rules = new TapRules(Array.from({ length: 200_000 }, () => tap));
  assert.equal(rules.find('', ['joe@example.com'])?.tap, tap);
  assert.equal(rules.find('joe@example.com', ['joe@example.org']), undefined);
});

test('among many taps the same one is found as by trying all in order', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const word = (): string =>
      pick(random, ['joe', 'ann', 'bill', 'sales', 'support', 'x', 'info']) + pick(random, ['', '1', '23']);
    const address = (): string => `${word()}@${pick(random, ['a', 'b', 'c'])}.example`;
    const expression = (): string =>
      pick(random, [
        () => `^${word()}@`,
        () => address(),
        () => word(),
        () => '.',
        () => `${word()}|${word()}`,
        () => `(${word()})?@a`,
        () => `[jb]${word()}`,
      ])();
    const lines = Array.from(
      { length: 40 },
      (_, number) =>
        `${pick(random, ['F:', 'T:', 'A:', ''])}${below(random, 6) === 0 ? '!' : ''}${expression()}:${number}@x.example`,
    );
    const all = taps(lines.join('\n'));
    const rules = new TapRules(all);
    for (let turn = 0; turn < 20; turn++) {
      const sender = below(random, 5) === 0 ? '' : address();
      const recipients = Array.from({ length: 1 + below(random, 3) }, address);
      const first = (text: string, side: Tap['side']): Tap | undefined =>
        all.find(
          (tap) =>
            (tap.side === 'either' || tap.side === side) && tap.expression.matches(text) !== tap.isNegated,
        );
      const expected =
        first(sender, 'sender') ??
        recipients.map((each) => first(each, 'recipient')).find((tap) => tap !== undefined);
      assert.equal(
        rules.find(sender, recipients)?.tap,
        expected,
        `seed ${seed}: ${sender} ${recipients.join(',')}`,
      );
    }
  }
});
