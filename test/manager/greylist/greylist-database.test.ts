// The database of greylisting: it says what judgeAttempt says, over restarts, and stays within its bounds.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { GreylistDatabase } from '../../../src/manager/greylist/greylist-database.ts';
import type { GreylistResult, GreylistTask } from '../../../src/manager/greylist/messages.ts';
import {
  type GreylistEntry,
  type GreylistNetwork,
  judgeAttempt,
} from '../../../src/policy/greylist/judge-attempt.ts';
import type { GreylistAnswer, GreylistQuestion } from '../../../src/policy/greylist/types.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const minute = 60_000;
const terms = { delayMs: 5 * minute, windowMs: 60 * minute, lifetimeMs: 600 * minute, allowAfter: 2 };
const common = {
  stage: 'grey',
  network: '192.0.2.0/24',
  sender: 'a@b.example',
  domains: ['c.example'],
  terms,
};

function opened(t: TestContext) {
  const folder = temporaryFolder(t, 'greylist');
  const path = `${folder.path}/greylist.sqlite`;
  let database = new GreylistDatabase(path, 100);
  folder.atEnd(() => database.close());
  const carryOut = (nowMs: number, ...tasks: GreylistTask[]): readonly GreylistResult[] =>
    database.carryOut({ tasks, nowMs });
  return {
    carryOut,
    attempt: (nowMs: number, changes: Partial<GreylistQuestion> = {}): GreylistAnswer => {
      const [result] = carryOut(nowMs, { kind: 'attempt', question: { ...common, ...changes } });
      assert.ok(result?.kind === 'answer');
      return result.answer;
    },
    reopen: () => {
      database.close();
      database = new GreylistDatabase(path, 100);
    },
  };
}

test('what was attempted before a restart counts after it', (t) => {
  const it = opened(t);
  assert.deepEqual(it.attempt(0), { kind: 'waits', ms: 5 * minute, attempts: 1 });
  it.reopen();
  assert.deepEqual(it.attempt(minute), { kind: 'waits', ms: 4 * minute, attempts: 2 });
  assert.deepEqual(it.attempt(5 * minute), { kind: 'passes', why: 'waited', waitedMs: 5 * minute });
  it.reopen();
  assert.deepEqual(it.attempt(6 * minute), { kind: 'passes', why: 'known' });
});

test('network, sender, domain and stage each make another key', (t) => {
  const it = opened(t);
  it.attempt(0);
  assert.equal(it.attempt(5 * minute).kind, 'passes');
  for (const changes of [
    { network: '192.0.3.0/24' },
    { sender: 'b@b.example' },
    { sender: '' },
    { domains: ['d.example'] },
    { stage: 'other' },
  ]) {
    assert.equal(it.attempt(6 * minute, changes).kind, 'waits', JSON.stringify(changes));
  }
});

test('of several domains, all have to pass, and each is noted', (t) => {
  const it = opened(t);
  it.attempt(0);
  const both = { domains: ['c.example', 'd.example'] };
  assert.deepEqual(it.attempt(6 * minute, both), { kind: 'waits', ms: 5 * minute, attempts: 1 });
  assert.equal(it.attempt(7 * minute).kind, 'passes');
  assert.equal(it.attempt(11 * minute, both).kind, 'passes');
});

test('a trial changes nothing', (t) => {
  const it = opened(t);
  assert.equal(it.attempt(0, { isTrial: true }).kind, 'waits');
  assert.deepEqual(it.attempt(minute), { kind: 'waits', ms: 5 * minute, attempts: 1 });
  assert.deepEqual(it.attempt(6 * minute, { isTrial: true }), {
    kind: 'passes',
    why: 'waited',
    waitedMs: 5 * minute,
  });
  assert.deepEqual(it.attempt(7 * minute), { kind: 'passes', why: 'waited', waitedMs: 6 * minute });
});

test('the sender of bounces is found as it is shown', (t) => {
  const it = opened(t);
  it.attempt(0, { sender: '' });
  it.attempt(1, { sender: 'x@y.example' });
  const [found] = it.carryOut(minute, {
    kind: 'list',
    filter: { stage: '', text: '<>', state: 'all', most: 10 },
  });
  assert.ok(found?.kind === 'rows');
  assert.deepEqual(
    found.rows.map(({ sender }) => sender),
    [''],
  );
  assert.deepEqual(it.carryOut(minute, { kind: 'forget', stage: '', text: '<>' }), [
    { kind: 'done', changed: 1 },
  ]);
});

test('operators allow a network, list, count and forget', (t) => {
  const it = opened(t);
  it.attempt(0);
  it.attempt(1, { sender: 'x@y.example' });
  it.attempt(5 * minute);
  it.attempt(0, { network: '198.51.100.0/24' });
  const filter = { stage: '', text: '', state: 'all', most: 1 } as const;
  const [listed] = it.carryOut(6 * minute, { kind: 'list', filter });
  assert.ok(listed?.kind === 'rows');
  assert.equal(listed.total, 3);
  assert.deepEqual(
    listed.rows.map(({ sender, attempts, passedMs }) => [sender, attempts, passedMs]),
    [['x@y.example', 1, undefined]],
  );
  for (const [state, text, total] of [
    ['waiting', '', 2],
    ['passed', '', 1],
    ['all', '198.51', 1],
    ['all', 'c.example', 3],
    ['all', '%', 0],
  ] as const) {
    const [found] = it.carryOut(6 * minute, { kind: 'list', filter: { ...filter, state, text } });
    assert.ok(found?.kind === 'rows' && found.total === total, `${state} ${text}`);
  }
  it.carryOut(6 * minute, { kind: 'allow', stage: 'grey', network: '203.0.113.0/24', untilMs: 60 * minute });
  assert.deepEqual(it.attempt(7 * minute, { network: '203.0.113.0/24' }), { kind: 'passes', why: 'network' });
  assert.equal(it.attempt(60 * minute, { network: '203.0.113.0/24', isTrial: true }).kind, 'waits');
  const [counted] = it.carryOut(7 * minute, { kind: 'counts' });
  assert.ok(counted?.kind === 'counts');
  assert.deepEqual(counted.counts, [
    { stage: 'grey', waiting: 2, once: 2, passed: 1, networks: 2, fixed: 1 },
  ]);
  const [forgotten] = it.carryOut(7 * minute, { kind: 'forget', stage: '', text: 'a@b.example' });
  assert.deepEqual(forgotten, { kind: 'done', changed: 2 });
  assert.equal(it.attempt(7 * minute).kind, 'waits');
  const [all] = it.carryOut(7 * minute, { kind: 'forget', stage: 'grey', text: '' });
  assert.deepEqual(all, { kind: 'done', changed: 4 });
});

test('the null sender is forgotten by its name, and nothing else with it', (t) => {
  const it = opened(t);
  it.attempt(0);
  it.attempt(0, { sender: '' });
  assert.deepEqual(it.carryOut(1, { kind: 'forget', stage: '', text: '<>' }), [{ kind: 'done', changed: 1 }]);
});

test('a sweep forgets what is over, and of too many keys those that would be forgotten first', (t) => {
  const it = opened(t);
  for (let at = 0; at < 50; at++) it.attempt(at, { sender: `${at}@b.example` });
  // What has passed stays longest.
  it.attempt(5 * minute, { sender: '0@b.example' });
  assert.deepEqual(it.carryOut(5 * minute, { kind: 'sweep', mostEntries: 20 }), [
    { kind: 'done', changed: 30 },
  ]);
  assert.equal(it.attempt(6 * minute, { sender: '0@b.example' }).kind, 'passes');
  assert.equal(it.attempt(6 * minute, { sender: '1@b.example', isTrial: true }).kind, 'waits');
  const [rest] = it.carryOut(61 * minute, { kind: 'sweep', mostEntries: 20 });
  assert.deepEqual(rest, { kind: 'done', changed: 19 });
});

test('of a batch that fails nothing is kept, and the next one is carried out', (t) => {
  const it = opened(t);
  const broken = {
    kind: 'attempt',
    question: { ...common, sender: Symbol('none') as unknown as string },
  } as const;
  assert.throws(() => it.carryOut(0, { kind: 'attempt', question: common }, broken));
  assert.deepEqual(it.attempt(minute), { kind: 'waits', ms: 5 * minute, attempts: 1 });
});

test('over any course of attempts it says what a table in memory says', (t) => {
  const it = opened(t);
  const step = fc.record({
    gap: fc.integer({ min: 0, max: 40 * minute }),
    network: fc.constantFrom('192.0.2.0/24', '2001:db8::/64'),
    sender: fc.constantFrom('', 'a@b.example', "o'hara@b.example"),
    domain: fc.constantFrom('c.example', 'd.example'),
  });
  let run = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const stage = `run${run++}`;
      const entries = new Map<string, GreylistEntry>();
      const networks = new Map<string, GreylistNetwork>();
      let nowMs = 1_700_000_000_000;
      for (const { gap, network, sender, domain } of steps) {
        nowMs += gap;
        const key = `${network} ${sender} ${domain}`;
        const judged = judgeAttempt(entries.get(key), networks.get(network), terms, nowMs);
        const answer = it.attempt(nowMs, { stage, network, sender, domains: [domain] });
        assert.equal(answer.kind === 'passes' ? answer.why : answer.kind, judged.kind);
        if (answer.kind === 'waits' && judged.kind === 'waits') assert.equal(answer.ms, judged.ms);
        if (judged.kind !== 'network' && judged.entry !== undefined) entries.set(key, judged.entry);
        if ((judged.kind === 'network' || judged.kind === 'waited') && judged.network !== undefined)
          networks.set(network, judged.network);
      }
    }),
    { numRuns: 60 },
  );
});
