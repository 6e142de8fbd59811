// The keys of [deliver] for connections that hang: each number has its effect, also after a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig, parseConfig } from '../../src/config/config.ts';
import { defaultUnansweredPolicy } from '../../src/schedule/reserve/unanswered.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import { schedulerConfig } from '../../src/settings/settings.ts';
import { configOf, relay, Table, type ConfigChange } from './table.ts';
import { ours } from '../refusals.ts';

/** The scheduler's configuration for these lines of [deliver]. */
function told(lines: string): SchedulerConfig {
  return schedulerConfig(parseConfig(`[deliver]\n${lines}\n`, 'sluice.toml'));
}

function changeOf(lines: string, global: number, unanswered: number): ConfigChange {
  const { unansweredPolicy } = told(lines).limits;
  return { limits: { global, unanswered, unansweredPolicy } };
}

/** 60 domains, each with a site of its own whose host does not answer, and a message to each. */
function waitForNobody(lines: string, global: number, unanswered: number): Table {
  const on = new Table(changeOf(lines, global, unanswered));
  for (let at = 0; at < 60; at++) {
    on.know({ [`dead${at}.example`]: relay(`dead${at}`, [`198.51.100.${at}`]) });
    on.submit([`dead${at}.example`]);
  }
  assert.equal(on.connects().length, global);
  return on;
}

/** How many connections the scheduler gives up. */
function closes(on: Table): number {
  return on.take().filter(({ kind }) => kind === 'close').length;
}

test('without the keys, the configuration has the scheduler’s own defaults', () => {
  const { limits, sourceRestMs } = schedulerConfig(defaultConfig());
  assert.deepEqual(limits.unansweredPolicy, defaultUnansweredPolicy);
  assert.equal(sourceRestMs, 10_000);
});

test('unanswered_after: when a connection without a greeting makes room for others', () => {
  const on = waitForNobody('unanswered_after = "1s"', 10, 1_000);
  on.pass(950);
  assert.deepEqual(on.take(), []);
  on.pass(50);
  assert.equal(on.connects().length, 50);
});

test('unanswered_extra: how many more connections are tried for each that hangs', () => {
  for (const [extra, tried] of [
    [0, 10],
    [1, 20],
    [3, 40],
  ] as const) {
    const on = waitForNobody(`unanswered_extra = ${extra}`, 10, 1_000);
    on.pass(150);
    assert.equal(on.connects().length, tried, `${extra} for each`);
  }
});

test('unanswered_give_up: how long a connection without a greeting is kept while others wait', () => {
  const on = waitForNobody('unanswered_give_up = "7s"', 40, 0);
  on.pass(6_900);
  assert.equal(closes(on), 0);
  on.pass(200);
  assert.equal(closes(on), 30);
});

test('unanswered_patient_one_in: one in this many connections is not given up', () => {
  const on = waitForNobody('unanswered_patient_one_in = 2', 40, 0);
  on.pass(3_100);
  assert.equal(closes(on), 20);
  // The share is taken of both limits together.
  const both = waitForNobody('unanswered_patient_one_in = 2', 40, 10);
  both.pass(3_300);
  assert.equal(closes(both), 25);
});

test('unanswered_patient_least: at least this many connections are not given up, even with low limits', () => {
  const on = waitForNobody('unanswered_patient_least = 25', 40, 0);
  on.pass(3_100);
  assert.equal(closes(on), 15);
});

test('a reload changes the numbers for open connections', () => {
  const on = waitForNobody('unanswered_after = "1h"', 10, 1_000);
  on.pass(10_000);
  assert.deepEqual(on.take(), []);
  const lines = 'unanswered_after = "1s"\nunanswered_extra = 0';
  on.scheduler.reconfigure(configOf(changeOf(lines, 10, 1_000)), on.nowMs);
  on.pass(50);
  assert.equal(on.connects().length, 10);
});

test('source_rest: how long a failing source rests, or the destination’s address without another source', () => {
  const { sourceRestMs } = told('source_rest = "30s"');
  const sources = ['198.51.100.1', '198.51.100.2'];
  const local = { kind: 'failed', refusal: ours('no such address') } as const;
  for (const own of [sources, [sources[0]!]]) {
    const on = new Table({ sourceRestMs, sources: own });
    on.know({ 'a.example': relay('a', ['192.0.2.1']) }).submit(['a.example']);
    let grant = on.connect();
    for (const _ of own.slice(1)) {
      const first = grant.source;
      on.closed(grant.connection, local);
      grant = on.connect();
      assert.notEqual(grant.source, first, 'the other source is used at once');
    }
    on.closed(grant.connection, local);
    on.pass(29_900);
    assert.deepEqual(on.take(), []);
    on.pass(100);
    assert.equal(on.connect().kind, 'connect');
  }
});
