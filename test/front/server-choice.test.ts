// Which central server is tried, in order and by weight, and how long one rests.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { ServerChoice } from '../../src/front/server-choice.ts';

suite('the choice of a central server', () => {
  test('in order: the first that does not rest', () => {
    const choice = new ServerChoice(3);
    assert.deepEqual(choice.candidates(Math.random), [0, 1, 2]);
    choice.failed(0, 0);
    assert.deepEqual(choice.candidates(Math.random), [1, 2]);
    assert.equal(choice.worked(0), true);
    assert.deepEqual(choice.candidates(Math.random), [0, 1, 2]);
  });

  test('a rest doubles with each failure in a row, up to half a minute', () => {
    const choice = new ServerChoice(1);
    let nowMs = 0;
    const rests: number[] = [];
    for (let failure = 0; failure < 7; failure++) {
      const restMs = choice.failed(0, nowMs) ?? -1;
      rests.push(restMs);
      nowMs += restMs;
    }
    assert.deepEqual(rests, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    choice.worked(0);
    assert.equal(choice.failed(0, nowMs), 1000);
  });

  test('failures at the same time count as one', () => {
    const choice = new ServerChoice(1);
    assert.equal(choice.failed(0, 0), 1000);
    assert.equal(choice.failed(0, 500), undefined);
    assert.equal(choice.failed(0, 1000), 2000);
  });

  test('all rest', () => {
    const choice = new ServerChoice(2);
    choice.failed(0, 0);
    assert.equal(choice.areAllResting, false);
    choice.failed(1, 0);
    assert.equal(choice.areAllResting, true);
    assert.deepEqual(choice.candidates(Math.random), []);
  });

  test('by weight: each is first as often as its share says', () => {
    const choice = new ServerChoice(2, [3, 1]);
    const draws = 4096;
    let firsts = 0;
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let draw = 0; draw < draws; draw++) if (choice.candidates(random)[0] === 0) firsts++;
    assert.ok(Math.abs(firsts / draws - 0.75) < 0.05, String(firsts / draws));
  });

  test('each server that does not rest is among the candidates, once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(7)),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (weights, failed, random) => {
          const choice = new ServerChoice(weights.length, weights);
          const resting = new Set(failed.filter((index) => index < weights.length));
          for (const index of resting) choice.failed(index, 0);
          const able = weights.map((_, index) => index).filter((index) => !resting.has(index));
          assert.deepEqual(choice.candidates(() => random).toSorted(), able);
        },
      ),
    );
  });
});
