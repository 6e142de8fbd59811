// How stages ask others: places, the line, and time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/io/deadlines.ts';
import { Places } from '../../src/io/places.ts';
import { AskedSessions, hasLeftLine, inTurn, isBusy, StageBusy } from '../../src/policy/in-turn.ts';
import type { SessionFacts } from '../../src/policy/stage.ts';
import { InputEnd } from '../../src/receive/input-end.ts';

function ground(most = 1, waiting = 1) {
  let now = 1_000_000;
  const deadlines = new Deadlines({ now: () => now });
  return {
    turn: { places: new Places(most, waiting), deadlines, limitMs: 30_000 },
    pass: (ms: number) => {
      now += ms;
      deadlines.advance();
    },
  };
}

/** Ends when its signal says so, as whoever asks over a socket does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('the connection was closed'))),
  );
}

const session = () => new AbortController();

test('an answer is handed on, and its place is free again', async () => {
  const { turn } = ground(1, 0);
  assert.equal(await inTurn(turn, session(), async () => 'one'), 'one');
  assert.equal(await inTurn(turn, session(), async () => 'two'), 'two');
});

test('a failure is handed on, and its place is free again', async () => {
  const { turn } = ground(1, 0);
  const fails = inTurn(turn, session(), () => Promise.reject(new Error('it said no')));
  await assert.rejects(fails, (error) => !isBusy(error) && (error as Error).message === 'it said no');
  assert.equal(await inTurn(turn, session(), async () => 'two'), 'two');
});

test('whoever asks too long is told, and the time in line counts', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { turn, pass } = ground();
  const gone = session();
  const first = inTurn(turn, gone, untilAborted);
  const asked = Promise.withResolvers<void>();
  const second = inTurn(turn, session(), (signal) => {
    asked.resolve();
    return untilAborted(signal);
  });
  pass(20_000);
  gone.abort();
  await assert.rejects(first, { message: 'the client has gone' });
  await asked.promise;
  let isOver = false;
  const ends = assert
    .rejects(second, { message: 'it did not answer within 30 s' })
    .then(() => (isOver = true));
  pass(8_000);
  await Promise.resolve();
  assert.equal(isOver, false);
  pass(4_000);
  await ends;
});

test('beyond the line, and when no place came free, the stage is busy', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { turn } = ground();
  void inTurn(turn, session(), untilAborted);
  const waits = inTurn(turn, session(), async () => 'never');
  const busy = (text: string) => (error: Error) => isBusy(error) && error.message === text;
  await assert.rejects(
    inTurn(turn, session(), async () => 'never'),
    busy('too many sessions wait for it already'),
  );
  t.mock.timers.tick(30_000);
  await assert.rejects(waits, busy('none of its places came free in time'));
});

test('a session that has gone leaves the line at once, and never asks', async () => {
  const { turn } = ground();
  const asking = session();
  const first = inTurn(turn, asking, untilAborted);
  const leaving = session();
  let wasAsked = false;
  const second = inTurn(turn, leaving, async () => (wasAsked = true));
  leaving.abort();
  await assert.rejects(second, { message: 'the client has gone' });
  const third = inTurn(turn, session(), async () => 'three');
  asking.abort();
  await assert.rejects(first, { message: 'the client has gone' });
  assert.equal(await third, 'three');
  assert.equal(wasAsked, false);
  await assert.rejects(
    inTurn(turn, leaving, async () => (wasAsked = true)),
    { message: 'the client has gone' },
  );
});

test('a session whose client sends no more leaves the line, takes no place of it, and keeps the one that it has', async () => {
  const { turn } = ground();
  const [first, second] = [new InputEnd(), new InputEnd()];
  const { promise, resolve } = Promise.withResolvers<string>();
  const asks = inTurn(turn, { input: first }, () => promise);
  const waits = inTurn(turn, { input: second }, async () => 'never');
  first.end();
  second.end();
  const left = (error: unknown): boolean => isBusy(error) && hasLeftLine(error);
  await assert.rejects(waits, left);
  await assert.rejects(
    inTurn(turn, { input: second }, async () => 'never'),
    left,
  );
  const third = inTurn(turn, session(), async () => 'three');
  resolve('one');
  assert.deepEqual(await Promise.all([asks, third]), ['one', 'three']);
  // Without a line, it is asked about like any other.
  assert.equal(await inTurn(turn, { input: second }, async () => 'two'), 'two');
  assert.equal(hasLeftLine(new StageBusy('x')), false);
});

test('what is asked for a session ends with its transaction', () => {
  const sessions = new AskedSessions();
  const facts = {} as SessionFacts;
  sessions.end(facts);
  const { signal } = sessions.begin(facts);
  assert.equal(signal.aborted, false);
  sessions.end(facts);
  assert.equal(signal.aborted, true);
  assert.equal(sessions.begin(facts).signal.aborted, false);
});

test('only such an error says that a stage is busy', () => {
  assert.equal(isBusy(new StageBusy('x')), true);
  for (const thrown of [new Error('x'), undefined, 'busy', { message: 'x' }])
    assert.equal(isBusy(thrown), false);
});
