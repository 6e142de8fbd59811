// The answers that are kept, and what is said while nobody can be asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerCache } from '../../../src/deliver/call-ahead/answer-cache.ts';
import { AnyRecipient } from '../../../src/deliver/call-ahead/any-recipient.ts';
import { CallAhead } from '../../../src/deliver/call-ahead/call-ahead.ts';
import type { AskOutcome } from '../../../src/deliver/call-ahead/call-ahead-types.ts';
import { OpenDomains } from '../../../src/deliver/call-ahead/open-domains.ts';
import { askedRecipient, exists, unknown } from '../../../src/policy/recipients/recipient-source.ts';
import { Troubles } from '../../../src/stats/troubles.ts';
import { foundAt } from './fixture.ts';

const minute = 60_000;
const settings = { knownMs: 60 * minute, unknownMs: 5 * minute, staleMs: 600 * minute, entries: 100 };
const accepted: AskOutcome = { kind: 'accepted' };
const away: AskOutcome = { kind: 'unasked', reason: 'mx.test: connection refused', servers: 'down' };

function refused(code: number, enhanced: string): AskOutcome {
  return {
    kind: 'refused',
    failure: { kind: 'reply', reply: { code, enhanced, lines: ['said so'], command: 'RCPT' } },
  };
}

interface Fixture {
  readonly clock: { now: number };
  readonly asked: string[];
  /** `failed: TEXT`, `worked`. */
  readonly told: string[];
  /** What the servers say from now on. */
  answer: AskOutcome | Promise<AskOutcome>;
  readonly troubles: Troubles;
  find(address: string): Promise<string>;
}

function callAhead(looksForOpenDomains = false, unlearned?: 'accept' | 'tempfail'): Fixture {
  const clock = { now: 1_000_000 };
  const asked: string[] = [];
  const told: string[] = [];
  const troubles = new Troubles();
  const nowMs = () => clock.now;
  const pool = {
    ask: (address: string) => {
      asked.push(address);
      return Promise.resolve(fixture.answer);
    },
    close: () => undefined,
  };
  const log = { info: (text: string) => told.push(text), warn: (text: string) => told.push(text) };
  // Of an earlier process.
  const learned = new Map([
    ['old@b.test', 'learned'],
    ['gone@b.test', 'unknown'],
  ] as [string, 'learned' | 'unknown'][]);
  const memory = {
    learned: (address: string) => Promise.resolve({ kind: learned.get(address) ?? ('unlearned' as const) }),
    learn: (address: string, isThere: boolean) => void learned.set(address, isThere ? 'learned' : 'unknown'),
  };
  const source = new CallAhead({
    pool,
    ...(unlearned !== undefined && { memory, unlearned }),
    cache: settings,
    fullMailbox: 'tempfail',
    reports: {
      failed: (text, level = 'critical', quietMs = minute) =>
        told.push(`${level}: ${text}${quietMs === minute ? '' : ` (told for ${quietMs / minute} min)`}`),
      worked: () => told.push('worked'),
      close: () => undefined,
    },
    ...(looksForOpenDomains && {
      openDomains: new OpenDomains({ name: 'mx.test:25', ask: pool.ask, troubles, log, nowMs }),
    }),
    log,
    nowMs,
  });
  const fixture: Fixture = {
    clock,
    asked,
    told,
    answer: accepted,
    troubles,
    find: async (address) => {
      const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
      return (await source.find(askedRecipient(address, domain))).kind;
    },
  };
  return fixture;
}

test('answers are kept for their times, and the case of an address makes no difference', async () => {
  const fixture = callAhead();
  const { find, asked, clock } = fixture;
  assert.equal(await find('Joe@B.test'), 'exists');
  assert.equal(await find('joe@b.test'), 'exists');
  assert.deepEqual(asked, ['Joe@B.test']);
  fixture.answer = refused(550, '5.1.1');
  assert.equal(await find('jane@b.test'), 'unknown');
  assert.equal(await find('jane@b.test'), 'unknown');
  clock.now += settings.unknownMs;
  assert.equal(await find('joe@b.test'), 'exists');
  assert.equal(await find('jane@b.test'), 'unknown');
  assert.deepEqual(asked, ['Joe@B.test', 'jane@b.test', 'jane@b.test']);
  clock.now += settings.knownMs;
  assert.equal(await find('joe@b.test'), 'unknown');
});

test('a domain that takes no mail has its recipients refused, though nobody can be asked', async () => {
  const fixture = callAhead(false, 'accept');
  fixture.answer = { kind: 'nobody', reply: { code: 556, enhanced: '5.1.10', text: 'no mail' } };
  assert.equal(await fixture.find('old@b.test'), 'refused');
  // That was about the domain, and nothing is forgotten of the recipient.
  fixture.answer = away;
  fixture.clock.now += settings.unknownMs;
  assert.equal(await fixture.find('old@b.test'), 'exists');
});

test('without a question to anybody, all exist but those of a domain without mail', async () => {
  const reply = { code: 556, enhanced: '5.1.10', text: 'no mail' };
  const answers = {
    'a.test': foundAt([]),
    'b.test': { kind: 'failing', reason: 'no answer' },
    'c.test': { kind: 'nobody', reply },
  } as const;
  const source = new AnyRecipient((address) =>
    Promise.resolve(answers[address.slice(2) as keyof typeof answers]),
  );
  const found = await Promise.all(
    Object.keys(answers).map((domain) => source.find(askedRecipient(`x@${domain}`, domain))),
  );
  assert.deepEqual(found, [exists, exists, { kind: 'refused', reply }]);
});

test('equal questions at one time are asked once', async () => {
  const fixture = callAhead();
  const waiting = Promise.withResolvers<AskOutcome>();
  fixture.answer = waiting.promise;
  const both = Promise.all([fixture.find('joe@b.test'), fixture.find('joe@b.test')]);
  waiting.resolve(accepted);
  assert.deepEqual(await both, ['exists', 'exists']);
  assert.equal(fixture.asked.length, 1);
});

test('while nobody can be asked, who was known is accepted for a time, and no one else', async () => {
  const fixture = callAhead();
  const { find, clock, told } = fixture;
  await find('joe@b.test');
  fixture.answer = refused(550, '5.1.1');
  await find('jane@b.test');
  fixture.answer = away;
  clock.now += settings.knownMs + 1;
  assert.equal(await find('joe@b.test'), 'exists');
  assert.equal(await find('jane@b.test'), 'failing');
  assert.equal(await find('new@b.test'), 'failing');
  assert.match(
    told.at(-1) ?? '',
    /^critical: Recipients cannot be asked for: mx\.test: connection refused\./u,
  );
  clock.now += settings.staleMs;
  assert.equal(await find('joe@b.test'), 'failing');
  fixture.answer = accepted;
  assert.equal(await find('joe@b.test'), 'exists');
  assert.equal(told.at(-1), 'worked');
});

for (const unlearned of ['accept', 'tempfail'] as const) {
  test(`a server that is remembered, and is down: of whom nothing is known, "${unlearned}"`, async () => {
    const fixture = callAhead(false, unlearned);
    const { clock, find, told } = fixture;
    await find('joe@b.test');
    fixture.answer = refused(550, '5.1.1');
    await find('jane@b.test');
    fixture.answer = away;
    clock.now += settings.knownMs + settings.staleMs + settings.unknownMs;
    assert.equal(await find('Joe@b.test'), 'exists', 'longer than the cache keeps it');
    assert.equal(await find('old@b.test'), 'exists', 'before this process began');
    assert.equal(await find('jane@b.test'), 'failing', 'the server did not know her');
    assert.equal(await find('gone@b.test'), 'failing', 'it was unknown before this process began');
    assert.equal(await find('new@b.test'), unlearned === 'accept' ? 'exists' : 'failing');
    assert.match(told.at(-1) ?? '', unlearned === 'accept' ? /^warning: / : /^critical: /);
    fixture.answer = refused(550, '5.1.1');
    assert.equal(await find('old@b.test'), 'unknown');
    fixture.answer = away;
    clock.now += settings.unknownMs;
    assert.equal(await find('old@b.test'), 'failing', 'what the server said last counts');
  });
}

test('a server that is there, and cannot tell of a recipient: nobody is accepted of whom nothing is known', async () => {
  const fixture = callAhead(false, 'accept');
  fixture.answer = refused(451, '4.3.0');
  assert.equal(await fixture.find('new@b.test'), 'failing');
  assert.equal(await fixture.find('old@b.test'), 'exists');
});

/** A server is there: what is accepted for a recipient that it does not take would be returned at once, to a sender who is mostly forged. */
const there: readonly [what: string, outcome: AskOutcome][] = [
  ['refuses MAIL for good', notTo('MAIL', 550)],
  ['refuses MAIL for now', notTo('MAIL', 421)],
  ['breaks off at RCPT', { kind: 'refused', failure: { kind: 'broken', during: 'RCPT', text: 'timed out' } }],
  ['refuses connections', { kind: 'unasked', reason: 'mx.test: 554 5.7.1 not you', servers: 'there' }],
];

function notTo(command: 'MAIL', code: number): AskOutcome {
  return {
    kind: 'refused',
    failure: { kind: 'reply', reply: { code, enhanced: '5.7.1', lines: ['your IP is blocked'], command } },
  };
}

for (const [what, outcome] of there) {
  test(`a primary server that ${what} is not down: nobody is accepted of whom nothing is known`, async () => {
    const fixture = callAhead(false, 'accept');
    fixture.answer = outcome;
    assert.equal(await fixture.find('new@b.test'), 'failing');
    assert.equal(await fixture.find('old@b.test'), 'exists');
    assert.match(
      fixture.told.at(-1) ?? '',
      /^critical: Recipients cannot be asked for, though a server is there: .* \(told for 60 min\)$/u,
    );
  });
}

test('a question that this host could not ask says nothing of the server', async () => {
  const fixture = callAhead(false, 'accept');
  fixture.answer = { kind: 'unasked', reason: 'too many wait already', servers: 'untried' };
  assert.equal(await fixture.find('new@b.test'), 'failing');
  assert.equal(await fixture.find('old@b.test'), 'exists');
});

test('a refusal that is not about the recipient is not kept, and is told', async () => {
  const fixture = callAhead();
  fixture.answer = refused(554, '5.7.1');
  assert.equal(await fixture.find('joe@b.test'), 'failing');
  assert.equal(await fixture.find('joe@b.test'), 'failing');
  assert.equal(fixture.asked.length, 2);
  assert.match(fixture.told[0] ?? '', /^warning: .*554 5\.7\.1 said so \(in reply to RCPT\)/u);
  fixture.answer = refused(450, '4.2.0');
  assert.equal(await fixture.find('joe@b.test'), 'failing');
  assert.equal(fixture.told.at(-1), 'joe@b.test was answered with 450 4.2.0 said so (in reply to RCPT)');
});

test('a domain of which everybody is accepted is told, until it is not so any more', async () => {
  const fixture = callAhead(true);
  const { find, asked, clock, troubles } = fixture;
  await find('joe@b.test');
  await find('jane@b.test');
  await new Promise(setImmediate);
  assert.equal(asked.length, 3);
  assert.match(asked[1] ?? '', /^sluice-check-[0-9a-f]{16}@b\.test$/u);
  assert.match(troubles.list[0]?.text ?? '', /mx\.test:25 accepts every recipient at b\.test/u);
  clock.now += 25 * 60 * minute;
  await find('joe@b.test');
  fixture.answer = refused(550, '5.1.1');
  await new Promise(setImmediate);
  assert.equal(troubles.list.length, 1);
  clock.now += 25 * 60 * minute;
  fixture.answer = accepted;
  const found = find('joe@b.test');
  fixture.answer = refused(550, '5.1.1');
  assert.equal(await found, 'exists');
  await new Promise(setImmediate);
  assert.deepEqual(troubles.list, []);
});

test('the number of answers that are kept is bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(500), fc.boolean())), fc.nat(60), (entries, most) => {
      const cache = new AnswerCache({ ...settings, entries: most });
      for (const [name, isThere] of entries) {
        cache.set(`u${name}@b.test`, isThere ? exists : unknown, 0);
        assert.ok(cache.size <= Math.max(2, most));
      }
      const [last] = entries.slice(-1);
      if (last !== undefined && most > 1)
        assert.equal(cache.get(`u${last[0]}@b.test`, 1)?.kind, last[1] ? 'exists' : 'unknown');
    }),
  );
});

test('nothing is kept fresh without a time for it, and what existed is there when nobody can be asked', () => {
  const cache = new AnswerCache({ knownMs: 0, unknownMs: 0, staleMs: 10, entries: 10 });
  cache.set('a@b.test', exists, 100);
  assert.equal(cache.get('a@b.test', 100), undefined);
  assert.equal(cache.stale('a@b.test', 109), exists);
  assert.equal(cache.stale('a@b.test', 110), undefined);
  cache.set('a@b.test', unknown, 105);
  assert.equal(cache.stale('a@b.test', 106), undefined);
});
