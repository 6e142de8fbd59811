// The scheduler in simulated worlds: every seed is a story with faults, operators, crashes. After every few calls the whole
// state is audited (sim/world/audit.ts), every connection is counted at the destinations (books.ts), and every
// recipient has to end exactly once (ledger.ts). The error of a failed seed has the command that repeats it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionState } from '../../src/schedule/store/connections.ts';
import { Dimension } from '../../src/schedule/store/counters.ts';
import type { State } from '../../src/schedule/state.ts';
import { runStory, type StoryOptions } from '../../sim/world/story.ts';

function runStories(from: number, to: number, options: (seed: number) => Omit<StoryOptions, 'seed'>): void {
  for (let seed = from; seed < to; seed++) runStory({ seed, ...options(seed) });
}

test('without faults, every message is delivered, no limit is exceeded, and no state is left', () => {
  runStories(0, 100, (seed) => ({
    messages: 5 + (seed % 80),
    trouble: 0,
    crashes: 0,
    operators: false,
    auditEvery: 7,
  }));
});

test('with failing destinations, no message is lost or delivered twice, and every lifetime ends in time', () => {
  runStories(1_000, 1_120, (seed) => ({
    messages: 5 + (seed % 60),
    trouble: (1 + (seed % 5)) / 5,
    crashes: 0,
    operators: false,
    auditEvery: 7,
  }));
});

test('no message is lost while operators hold, release, retry, remove and change limits, and the manager dies', () => {
  runStories(2_000, 2_120, (seed) => ({
    messages: 5 + (seed % 60),
    trouble: (seed % 5) / 5,
    crashes: seed % 3,
    operators: true,
    auditEvery: 7,
  }));
});

test('under a clock that is set, nothing expires early, waits beyond its schedule, or exceeds a rate', () => {
  runStories(3_000, 3_080, (seed) => ({
    messages: 5 + (seed % 40),
    trouble: (seed % 5) / 5,
    crashes: 1 + (seed % 4),
    operators: seed % 2 === 0,
    shaping: seed % 4 === 0,
    clockSteps: 1 + (seed % 6),
    auditEvery: 7,
  }));
});

test('with TLS policies and log-ins of domains, no message goes over a connection of another one, and limits hold over all', () => {
  runStories(4_000, 4_080, (seed) => ({
    messages: 5 + (seed % 60),
    trouble: (seed % 5) / 5,
    crashes: seed % 3,
    operators: seed % 2 === 0,
    shaping: seed % 3 !== 0,
    policies: 'told',
    auditEvery: 7,
  }));
});

test('with several transactions on the way on a connection, nothing is lost, and limits hold for all of them', () => {
  let most = 0;
  for (let seed = 5_000; seed < 5_100; seed++) {
    const { books } = runStory({
      seed,
      messages: 5 + (seed % 80),
      trouble: (seed % 5) / 5,
      crashes: seed % 3,
      operators: seed % 2 === 0,
      shaping: seed % 3 !== 0,
      pipelines: true,
      auditEvery: 7,
    });
    most = Math.max(most, books.mostOnTheWay);
  }
  assert.ok(most >= 4, `at most ${most} transactions were on the way on one connection`);
});

test('with schedules, nothing is granted while no window is open, and each recipient has its own times', () => {
  runStories(6_000, 6_100, (seed) => ({
    messages: 5 + (seed % 60),
    trouble: (seed % 5) / 5,
    crashes: seed % 3,
    operators: seed % 2 === 0,
    shaping: seed % 3 !== 0,
    schedules: true,
    auditEvery: 7,
  }));
});

test('connections without mail and those with mail exceed no limit together, and leave nothing behind', () => {
  let visits = 0;
  for (let seed = 7_000; seed < 7_060; seed++) {
    const { books } = runStory({
      seed,
      messages: 5 + (seed % 60),
      trouble: (seed % 5) / 5,
      crashes: seed % 3,
      operators: seed % 2 === 0,
      shaping: seed % 3 !== 0,
      visits: true,
      auditEvery: 7,
    });
    visits += books.visits;
  }
  assert.ok(visits > 3_000, `${visits} visits`);
});

function visitsCountNowhere(state: State): void {
  const { connections } = state;
  const recount = connections.recount.bind(connections);
  connections.recount = (connection, counters, kind) => {
    const isVisit = connections.state.get(connection) === ConnectionState.visiting;
    const counted = counters.filter((each) => state.counters.dimension.get(each) !== Dimension.place);
    recount(connection, isVisit ? counted : counters, kind);
  };
}

test('connections without mail that count in no limit of their hosts are found out', () => {
  const found: string[] = [];
  for (let seed = 7_000; seed < 7_010; seed++) {
    try {
      runStory({
        seed,
        messages: 60,
        trouble: 0,
        crashes: 0,
        operators: false,
        visits: true,
        sabotage: visitsCountNowhere,
        auditEvery: 0,
      });
    } catch (error) {
      found.push(String(error));
    }
  }
  assert.ok(
    found.some((text) => /connections for .*, allowed/u.test(text)),
    found[0] ?? 'nothing was found',
  );
});

function neverClosed(state: State): void {
  state.hours.counterOf = () => -1;
}

test('windows that are never closed are found out', () => {
  const options = { messages: 60, trouble: 0, crashes: 0, operators: false, auditEvery: 0 } as const;
  const found: string[] = [];
  for (let seed = 6_000; seed < 6_010; seed++) {
    try {
      runStory({ seed, schedules: true, sabotage: neverClosed, ...options });
    } catch (error) {
      found.push(String(error));
    }
  }
  assert.ok(found.length > 0, 'none of them was found');
  for (const text of found) assert.match(text, /was granted at .*no window is open/);
});

test('plans that do not tell TLS policies and log-ins apart are found out', () => {
  const options = { messages: 60, trouble: 0, crashes: 0, operators: false, auditEvery: 0 } as const;
  const found: string[] = [];
  for (let seed = 4_000; seed < 4_010; seed++) {
    try {
      runStory({ seed, policies: 'untold', ...options });
    } catch (error) {
      found.push(String(error));
    }
  }
  assert.ok(found.length > 0, 'none of them was found');
  for (const text of found) assert.match(text, /goes over a connection to [^ ]+ with/);
});

test('the same seed gives the same effects in the same order', () => {
  for (let seed = 0; seed < 10; seed++) {
    const options = { seed, messages: 60, trouble: 0.5, crashes: 1, operators: true, auditEvery: 0 };
    const [first, second] = [runStory(options), runStory(options)];
    assert.equal(first.fingerprint, second.fingerprint);
    assert.notEqual(first.fingerprint, runStory({ ...options, seed: seed + 1 }).fingerprint);
  }
});
