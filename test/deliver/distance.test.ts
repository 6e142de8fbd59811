// How far a server is: the shortest of what was measured.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distance } from '../../src/deliver/smtp/distance.ts';

test('a server is far when its quickest answer took 20 ms', () => {
  const distance = new Distance();
  assert.equal(distance.isFar, false, 'nothing is known');
  distance.heard(5);
  assert.equal(distance.isFar, false, 'nothing was asked');
  distance.asked(10);
  distance.asked(25);
  distance.heard(30);
  assert.equal(distance.isFar, true);
  distance.heard(31);
  assert.equal(distance.isFar, true, 'more of the same answer');
  distance.asked(40);
  distance.heard(59);
  assert.equal(distance.isFar, false);
});
