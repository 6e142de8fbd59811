// How often mail may be asked for by ETRN.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EtrnHolds } from '../../../src/manager/backup/etrn-holds.ts';
import { readEtrnNode } from '../../../src/values/etrn-node.ts';

function ground() {
  const clock = { nowMs: 1_000 };
  const holds = new EtrnHolds(() => clock.nowMs);
  return { clock, holds, ask: (text: string) => holds.ask(readEtrnNode(text)!) };
}

test('a node may be asked for again after 30 s', () => {
  const { ask, clock } = ground();
  assert.equal(ask('far.test'), 0);
  clock.nowMs += 10_000;
  assert.equal(ask('far.test'), 20_000);
  assert.equal(ask('@far.test'), 0);
  clock.nowMs += 20_000;
  assert.equal(ask('far.test'), 0);
});

test('a domain whose mail has just been asked for is held, whatever it is asked for by', () => {
  const { clock, holds } = ground();
  const first = holds.turn();
  assert.ok(first.mayGo('a.far.test'));
  assert.ok(first.mayGo('a.far.test'), 'all its mail goes');
  assert.equal(first.againMs(), 0);
  clock.nowMs += 5_000;
  const second = holds.turn();
  assert.ok(!second.mayGo('a.far.test'));
  assert.ok(second.mayGo('b.far.test'));
  assert.equal(second.againMs(), 25_000);
  clock.nowMs += 25_000;
  assert.ok(holds.turn().mayGo('a.far.test'), 'it was not asked for meanwhile');
});

test('invented names without mail end no hold', () => {
  const { ask, holds } = ground();
  holds.turn().mayGo('far.test');
  for (let at = 0; at < 50_000; at++) ask(`x${at}.far.test`);
  assert.ok(!holds.turn().mayGo('far.test'));
});
