// The client side of ETRN, however the answers are cut and whatever they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EtrnExchange } from '../../../src/deliver/errand/etrn-exchange.ts';

test('answers that are cut anywhere are those of their commands', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.integer({ min: 200, max: 599 }).filter((code) => code !== 421),
        { minLength: 1, maxLength: 5 },
      ),
      fc.integer({ min: 1, max: 9 }),
      (codes, size) => {
        const nodes = codes.map((_, at) => `d${at}.test`);
        const exchange = new EtrnExchange(nodes);
        const sent = [exchange.begin()];
        for (const [at, code] of codes.entries()) {
          const answer = Buffer.from(`${code}-one\r\n${code} two\r\n`);
          let step: ReturnType<EtrnExchange['take']> = { kind: 'wait' };
          for (let from = 0; from < answer.length; from += size) {
            assert.equal(step.kind, 'wait');
            step = exchange.take(answer.subarray(from, from + size));
          }
          if (at < codes.length - 1) {
            assert.ok(step.kind === 'send');
            sent.push(step.command);
          } else
            assert.deepEqual(
              step.kind === 'done' && step.replies,
              codes.map((each, of) => ({ node: nodes[of], code: each, text: `${each} one two` })),
            );
        }
        assert.deepEqual(
          sent,
          nodes.map((node) => `ETRN ${node}\r\n`),
        );
      },
    ),
  );
});

test('hostile bytes make it end with a reason that can be printed', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom('250 ', '250-', '421 ', '\r\n', '\n', 'x'.repeat(5_000)).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const exchange = new EtrnExchange(['a.test', 'b.test']);
      for (const bytes of pieces) {
        const step = exchange.take(bytes);
        if (step.kind === 'done') {
          for (const { text } of step.replies) assert.ok(text.length <= 500);
          return;
        }
        if (step.kind !== 'broken') continue;
        // eslint-disable-next-line no-control-regex -- that is what is looked for
        assert.doesNotMatch(step.reason, /[\x00-\x1f\x7f]/u);
        return;
      }
    }),
    { numRuns: 500 },
  );
});
