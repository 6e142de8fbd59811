// When a process that lives and does not answer counts as stalled, and when as lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeat } from '../../src/process/watch/heartbeat.ts';

function beat(heartbeat: Heartbeat, times: number): number {
  let pings = 0;
  for (let time = 0; time < times; time++) if (heartbeat.beat()) pings++;
  return pings;
}

test('a process that answers is never stalled, and is asked at every beat', () => {
  const heartbeat = new Heartbeat();
  for (let time = 0; time < 100; time++) {
    assert.equal(heartbeat.beat(), true);
    heartbeat.answered();
    assert.equal(heartbeat.isStalled, false);
  }
});

test('five beats after a ping without an answer a process is stalled, and after sixty it is lost', () => {
  const heartbeat = new Heartbeat();
  beat(heartbeat, 5);
  assert.equal(heartbeat.isStalled, false);
  beat(heartbeat, 1);
  assert.equal(heartbeat.isStalled, true);
  beat(heartbeat, 54);
  assert.equal(heartbeat.isLost(60_000), false);
  beat(heartbeat, 1);
  assert.equal(heartbeat.isLost(60_000), true);
});

test('a process that answers late is no longer stalled', () => {
  const heartbeat = new Heartbeat();
  beat(heartbeat, 30);
  heartbeat.answered();
  assert.equal(heartbeat.isStalled, false);
  beat(heartbeat, 5);
  assert.equal(heartbeat.isStalled, false);
});

test('a process that does not answer gets no second ping, however long that lasts', () => {
  assert.equal(beat(new Heartbeat(), 10_000), 1);
});
