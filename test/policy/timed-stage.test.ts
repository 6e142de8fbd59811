// Answers of a stage that take too long are counted, also those that never come, and the answers themselves are not changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/io/deadlines.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { AnswerCounts } from '../../src/manager/diversions/answer-counts.ts';
import type { StormRule } from '../../src/policy/queues/storm-rule.ts';
import { StageTallies } from '../../src/policy/stage-tally.ts';
import { type Answer, goOn, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { timedStages } from '../../src/policy/timed-stage.ts';

class Scanner implements Stage {
  readonly name = 'scanner';
  readonly #answers: Answer[];

  constructor(...answers: Answer[]) {
    this.#answers = answers;
  }

  content(): Answer {
    return this.#answers.shift() ?? goOn;
  }

  asksAt(): boolean {
    return this.#answers.length > 0;
  }
}

function ground(stage: Stage) {
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const counters = new EventCounters();
  const parts = { deadlines, tallies: new StageTallies(counters) };
  const [entry] = timedStages([{ stage }], new Map([['scanner', 5_000]]), parts);
  assert.ok(entry !== undefined);
  return {
    stage: entry.stage,
    counts: () => counters.counts,
    pass: (ms: number) => {
      clock.now += ms;
      deadlines.advance();
    },
  };
}

test('one that takes longer counts once, when its time is over', async () => {
  const slow = Promise.withResolvers<Verdict>();
  const { stage, counts, pass } = ground(new Scanner(slow.promise, Promise.resolve(goOn), goOn));
  assert.equal(stage.asksAt?.('content'), true, 'its private fields are its own');
  const answer = stage.content?.({} as never);
  assert.equal(await stage.content?.({} as never), goOn);
  assert.equal(stage.content?.({} as never), goOn);
  pass(4_000);
  assert.deepEqual(counts(), {});
  pass(3_000);
  assert.deepEqual(counts(), { 'stage scanner slow': 1 });
  slow.resolve(goOn);
  assert.equal(await answer, goOn);
  pass(60_000);
  assert.deepEqual(counts(), { 'stage scanner slow': 1 });
});

test('one that fails in time is not slow', async () => {
  const { stage, counts, pass } = ground(new Scanner(Promise.reject(new Error('gone'))));
  await assert.rejects(Promise.resolve(stage.content?.({} as never)), /gone/u);
  pass(60_000);
  assert.deepEqual(counts(), {});
});

test('stages that no rule names are left as they are', () => {
  const entries = [{ stage: new Scanner() }];
  const parts = { deadlines: new Deadlines(), tallies: new StageTallies(new EventCounters()) };
  assert.equal(timedStages(entries, new Map(), parts), entries);
  assert.equal(timedStages(entries, new Map([['other', 1_000]]), parts)[0], entries[0]);
});

test('answers are counted from the first look on, over all receivers', () => {
  const counts = new AnswerCounts();
  const rules = [
    { name: 'storm', measure: { kind: 'delay', stage: 'scanner', share: 0.5, least: 1, perMs: 1_000 } },
  ] as unknown as StormRule[];
  const first = { 'stage scanner continue': 100, 'stage scanner slow': 7, 'stage scanner test reject': 3 };
  assert.deepEqual(counts.since(rules, first), []);
  assert.deepEqual(counts.since(rules, first), []);
  assert.deepEqual(
    counts.since(rules, {
      ...first,
      'stage scanner continue': 110,
      'stage scanner slow': 11,
      'stage other slow': 9,
    }),
    [{ rule: 'storm', times: 10, slow: 4 }],
  );
});
