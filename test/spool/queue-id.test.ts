// Ids of segments: ever higher, of one slot, and never those of another store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { laneCount, nextSegmentId, segmentCreatedMs, slotCount, slotOf } from '../../src/spool/queue-id.ts';

const times = fc.integer({ min: 0, max: 2 ** 42 });
const slots = fc.integer({ min: 0, max: slotCount - 1 });
const lanes = fc.integer({ min: 0, max: laneCount - 1 });
const previous = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 47 }));

test('the id of a segment is above the one before, of its slot, and tells when it was made', () => {
  fc.assert(
    fc.property(previous, times, slots, (before, nowMs, slot) => {
      const id = nextSegmentId(before, nowMs, slot);
      assert.ok(id > before);
      assert.equal(slotOf(id), slot);
      assert.equal(segmentCreatedMs(id), Math.max(nowMs, segmentCreatedMs(before) + 1));
    }),
  );
});

test('two stores never give the same id, whatever their clocks say', () => {
  fc.assert(
    fc.property(previous, times, slots, lanes, (before, nowMs, slot, lane) => {
      const id = nextSegmentId(before, nowMs, slot, lane);
      assert.ok(id > before);
      assert.equal(slotOf(id), slot);
      const madeMs = segmentCreatedMs(id);
      assert.equal(madeMs % laneCount, lane);
      const earliest = Math.max(nowMs, segmentCreatedMs(before) + 1);
      assert.ok(madeMs >= earliest && madeMs < earliest + laneCount);
    }),
  );
});
