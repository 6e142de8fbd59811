// Shaping in simulated worlds: limits of every kind from a seed, tenants, several sources, adaptation, reactions, reloads
// and crashes at any time. A slow and plain matcher (sim/world/rule-matching.ts) finds the limits that hold, and every
// connection, message and recipient is counted from outside (sim/world/books.ts). SEEDS=20 runs twenty times as many seeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStory, type StoryOptions } from '../../sim/world/story.ts';

const times = Number(process.env.SEEDS ?? 1);

/** Runs the story of each seed. Returns how often each quantity was judged. */
function runStories(
  from: number,
  count: number,
  options: (seed: number) => Omit<StoryOptions, 'seed' | 'shaping' | 'messages' | 'auditEvery'>,
): ReadonlyMap<string, number> {
  const judged = new Map<string, number>();
  for (let seed = from; seed < from + count * times; seed++) {
    const { books } = runStory({
      seed,
      shaping: true,
      messages: 5 + (seed % 40),
      auditEvery: 13,
      ...options(seed),
    });
    for (const [quantity, often] of books.judged) judged.set(quantity, (judged.get(quantity) ?? 0) + often);
  }
  return judged;
}

test('without faults, limits of every kind hold, in every dimension and window', () => {
  const judged = runStories(10_000, 300, () => ({ trouble: 0, crashes: 0, operators: false }));
  for (const quantity of [
    'connections',
    'connectionRate',
    'messageRate',
    'recipientRate',
    'messagesPerConnection',
    'recipientsPerMessage',
  ])
    assert.ok((judged.get(quantity) ?? 0) > 500, `${quantity} was judged ${judged.get(quantity)} times`);
});

test('limits hold while destinations greylist, ban, stall, and drop connections', () => {
  runStories(20_000, 300, (seed) => ({ trouble: (1 + (seed % 5)) / 5, crashes: 0, operators: false }));
});

test('limits hold while operators change them at any time and the manager dies and keeps its rates', () => {
  runStories(30_000, 300, (seed) => ({ trouble: (seed % 5) / 5, crashes: seed % 3, operators: true }));
});

test('the same seed gives the same effects in the same order', () => {
  for (let seed = 0; seed < 5; seed++) {
    const story = {
      seed,
      shaping: true,
      messages: 40,
      trouble: 0.5,
      crashes: 1,
      operators: true,
      auditEvery: 0,
    };
    const { fingerprint } = runStory(story);
    assert.equal(runStory(story).fingerprint, fingerprint);
    assert.notEqual(runStory({ ...story, seed: seed + 1 }).fingerprint, fingerprint);
  }
});
