// What the vectors do not have: which senders stay as they are, that every other one comes back as it was, and that nothing but what was
// signed here is taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMailbox } from '../../src/address/path.ts';
import { ageOf, dayOfMessage, stampOf } from '../../src/srs/srs-day.ts';
import { findSecret, srsHash } from '../../src/srs/srs-hash.ts';
import { parseSrsSecrets } from '../../src/srs/srs-secrets.ts';
import { partsOf } from '../../src/address/mailbox-parts.ts';
import { Srs } from '../../src/srs/srs.ts';
import type { SrsScheme } from '../../src/srs/srs-types.ts';

const today = 20_000;

function srsWith(over: Partial<SrsScheme> = {}, secrets: readonly string[] = ['first', 'second']): Srs {
  const scheme: SrsScheme = {
    domain: 'srs.test',
    separator: '=',
    hashLength: 4,
    expiryDays: 21,
    tooLong: 'rewrite',
    ...over,
  };
  return new Srs(scheme, secrets, (domain) => domain === 'own.test');
}

function forwarded(srs: Srs, address: string, day = today): string {
  const found = srs.forward(address, day);
  return found.kind === 'rewritten' ? found.address : `kept: ${found.reason}`;
}

function reversed(srs: Srs, address: string, day = today): string {
  const found = srs.reverse(address, day);
  return found.kind === 'original' ? found.address : `not: ${found.fault}`;
}

test('bounces, own senders, address literals and long addresses stay as they are', () => {
  const srs = srsWith({ tooLong: 'keep' });
  assert.equal(forwarded(srs, ''), 'kept: null');
  assert.equal(forwarded(srs, 'joe@Own.TEST'), 'kept: own');
  assert.equal(forwarded(srs, 'SRS0=x@srs.test'), 'kept: own');
  assert.equal(forwarded(srs, 'joe@[192.0.2.1]'), 'kept: literal');
  const longest = 'j'.repeat(64 - 'SRS0=hash=da=far.test='.length);
  assert.match(forwarded(srs, `${longest}@far.test`), /^SRS0=/);
  assert.equal(forwarded(srs, `${longest}j@far.test`), 'kept: too-long');
  assert.match(forwarded(srsWith(), `${longest}j@far.test`), /^SRS0=/);
});

test('a local part that needs quotes is quoted as a whole, and comes back in quotes', () => {
  const srs = srsWith();
  for (const address of [
    '"a b"@far.test',
    String.raw`"a\"b\\c"@far.test`,
    '"a@b"@far.test',
    '""@far.test',
    '"a."@far.test',
  ]) {
    const made = forwarded(srs, address);
    assert.equal(parseMailbox(made).kind, 'mailbox', made);
    assert.equal(reversed(srs, made), address);
  }
  // Without need, quotes are left out: the address is the same (RFC 5321 4.1.2).
  assert.equal(reversed(srs, forwarded(srs, '"joe"@far.test')), 'joe@far.test');
});

test('a domain inside a local part is in ASCII', () => {
  const srs = srsWith();
  const made = forwarded(srs, 'joe@müller.test');
  assert.match(made, /^[\x20-\x7e]+$/);
  assert.equal(reversed(srs, made), 'joe@xn--mller-kva.test');
});

test('any sender that can be parsed comes back, over one server and over three', () => {
  const localPart = fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9=+_-]{1,30}$/),
    fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e ]{0,20}$/).map((text) => `"${text}"`),
    fc.constantFrom('SRS0', 'SRS0=', 'SRS1=a', 'SRS1=a=b', 'srs1+h=far.test=x', 'ü.ö'),
  );
  const separator = fc.constantFrom('=', '+', '-');
  fc.assert(
    fc.property(localPart, separator, separator, separator, (local, ...separators) => {
      const address = `${local}@Far.test`;
      const hops = separators.map((each, index) => srsWith({ separator: each, domain: `hop${index}.test` }));
      const chain = [address];
      for (const hop of hops) chain.push(forwarded(hop, chain.at(-1)!));
      for (const each of chain) assert.equal(parseMailbox(each).kind, 'mailbox', each);
      // The last one leads to the first server, and that to the sender.
      const [last, first] = [hops[2]!, hops[0]!];
      let back = reversed(last, chain.at(-1)!);
      if (back.toLowerCase().endsWith('@hop0.test')) back = reversed(first, back);
      if (/^"?srs/i.test(address)) assert.doesNotMatch(back, /^not/);
      else assert.deepEqual(partsOf(back), partsOf(address));
    }),
  );
});

test('an address that is changed in any character is not taken, but for the case of letters', () => {
  const srs = srsWith();
  const made = forwarded(srs, 'joe@far.test');
  const end = made.lastIndexOf('@');
  fc.assert(
    fc.property(fc.nat(end - 1), fc.constantFrom(...'abcXYZ0129=+/.'), (at, letter) => {
      const changed = made.slice(0, at) + letter + made.slice(at + 1);
      const back = reversed(srs, changed);
      const isSame =
        changed.toLowerCase() === made.toLowerCase() || (/^SRS0[-+=]$/.test(changed.slice(0, 5)) && at === 4);
      if (isSame) assert.equal(back.toLowerCase(), 'joe@far.test');
      else assert.match(back, /^not: (?:malformed|wrong-hash|not-srs)$/);
    }),
  );
  assert.equal(reversed(srs, made.toUpperCase()), 'JOE@FAR.TEST');
});

test('all secrets are good for what comes back, and the first signs', () => {
  const before = forwarded(srsWith({}, ['old']), 'joe@far.test');
  const found = srsWith({}, ['new', 'old']).reverse(before, today);
  assert.deepEqual(found, { kind: 'original', form: 'SRS0', address: 'joe@far.test', secret: 1, ageDays: 0 });
  assert.notEqual(forwarded(srsWith({}, ['new', 'old']), 'joe@far.test'), before);
  assert.equal(reversed(srsWith({}, ['new']), before), 'not: wrong-hash');
});

test('an address is good until it expires, also where the days begin anew', () => {
  const srs = srsWith();
  for (const day of [today, 1023 * 20, 1024 * 20 + 3]) {
    const made = forwarded(srs, 'joe@far.test', day);
    // The clock of another host may be ahead at midnight.
    assert.equal(reversed(srs, made, day - 1), 'joe@far.test');
    assert.equal(reversed(srs, made, day + 21), 'joe@far.test');
    assert.equal(reversed(srs, made, day + 22), 'not: expired');
    assert.equal(reversed(srs, made, day - 2), 'not: from-the-future');
  }
});

test('what an SRS address of ours became elsewhere leads to its sender at once, and never in a circle', () => {
  const [ours, other] = [srsWith(), srsWith({ domain: 'other.test' })];
  const wrapped = forwarded(other, forwarded(ours, 'joe@far.test'));
  // Both have the same secrets, so this one can be read here, too.
  assert.equal(reversed(ours, wrapped.replace('@other.test', '@srs.test')), 'joe@far.test');
  let nested = 'joe@far.test';
  for (let times = 0; times < 6; times++) {
    const content = `SRS0=${srsHash('first', [stampOf(today), 'srs.test', nested.split('@')[0]!], 4)}`;
    nested = `${content}=${stampOf(today)}=srs.test=${nested.split('@')[0]}@srs.test`;
  }
  assert.match(reversed(ours, nested), /^not: /);
});

test('hashes of a wrong length are refused', () => {
  const hash = srsHash('s', ['x'], 27);
  const taken = (length: number, least = 4) => findSecret(['s'], hash.slice(0, length), ['x'], least) === 0;
  assert.deepEqual([taken(3), taken(4), taken(5), taken(27), taken(5, 6)], [false, true, true, true, false]);
  assert.equal(findSecret(['s'], `${hash}=`, ['x'], 4), -1);
  assert.equal(findSecret(['s'], 'äöüß', ['x'], 4), -1);
});

test('every day has a stamp that is read again', () => {
  for (let day = today; day < today + 1024; day++) assert.equal(ageOf(stampOf(day), day), 0);
  for (const stamp of ['', 'A', 'AAA', 'A1', '0A']) assert.equal(ageOf(stamp, today), undefined);
});

test('a message has one sender over its attempts, until half of the time is over', () => {
  const at = (day: number) => day * 86_400_000 + 1;
  assert.equal(dayOfMessage(at(100), at(100), 21), 100);
  assert.equal(dayOfMessage(at(100), at(110), 21), 100);
  assert.equal(dayOfMessage(at(100), at(111), 21), 111);
  // The clock was set back.
  assert.equal(dayOfMessage(at(100), at(90), 21), 90);
});

test('a file of secrets has one on each line', () => {
  assert.deepEqual(parseSrsSecrets('# made today\r\nnew\r\n\n  old \n'), {
    kind: 'secrets',
    secrets: ['new', 'old'],
  });
  const fault = (text: string) => {
    const found = parseSrsSecrets(text);
    return found.kind === 'missing' ? found.reason : '';
  };
  assert.equal(fault('\n# nothing\n'), 'it has no secret');
  assert.equal(fault('a\na\n'), 'it has the same secret twice');
  assert.match(fault('x'.repeat(1_001)), /^it has a secret of more than 1000 characters/);
  assert.match(
    fault(Array.from({ length: 17 }, (_, at) => `s${at}`).join('\n')),
    /^it has more than 16 secrets/,
  );
});
