// How many messages have to pass by DATA before content is sent ahead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlaceProofs } from '../../src/deliver/smtp/place-proofs.ts';

test('an unknown host needs several on each connection, a proven one needs one, and one that breaks begins anew', () => {
  const proofs = new PlaceProofs(1);
  assert.equal(proofs.needed('a'), 4);
  for (let connection = 0; connection < 5; connection++) {
    assert.equal(proofs.needed('a'), 4);
    proofs.ended('a', 4, false);
  }
  assert.equal(proofs.needed('a'), 1);
  assert.equal(proofs.needed('b'), 4);
  proofs.ended('a', 1, true);
  assert.equal(proofs.needed('a'), 4);
});

test('all sender processes together need as many as one', () => {
  const proofs = new PlaceProofs(2);
  for (let connection = 0; connection < 3; connection++) {
    assert.equal(proofs.needed('a'), 4);
    proofs.ended('a', 4, false);
  }
  assert.equal(proofs.needed('a'), 1);
});
