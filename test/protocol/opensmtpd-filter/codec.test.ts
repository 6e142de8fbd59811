// Lines between OpenSMTPD and its filters, one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FilterLine, readFilterLine } from '../../../src/protocol/opensmtpd-filter/filter-line.ts';
import {
  configLines,
  dataLinePrefix,
  questionLine,
  reportLine,
} from '../../../src/protocol/opensmtpd-filter/told-lines.ts';

const session = '7641df9771b4ed00';
const token = '1ef1c203cc576e5d';
const ids = `${session}|${token}`;

const read: readonly (readonly [string, FilterLine])[] = [
  ['register|ready', { kind: 'ready' }],
  ['register|report|smtp-in|link-connect', { kind: 'register-report', event: 'link-connect' }],
  ['register|report|smtp-in|*', { kind: 'register-report', event: '*' }],
  ['register|report|smtp-out|link-connect', { kind: 'register-other' }],
  ['register|report|stats|*', { kind: 'register-other' }],
  ['register|filter|smtp-in|data-line', { kind: 'register-filter', phase: 'data-line' }],
  [`filter-result|${ids}|proceed`, { kind: 'result', session, token, decision: { kind: 'proceed' } }],
  [
    'filter-result|1|ABC|junk',
    {
      kind: 'result',
      session: '0000000000000001',
      token: '0000000000000abc',
      decision: { kind: 'junk' },
    },
  ],
  [
    `filter-result|${ids}|reject|550 5.7.1 a|b`,
    { kind: 'result', session, token, decision: { kind: 'reject', code: 550, text: '5.7.1 a|b' } },
  ],
  [
    `filter-result|${ids}|disconnect|421`,
    { kind: 'result', session, token, decision: { kind: 'disconnect', code: 421, text: '' } },
  ],
  [
    `filter-result|${ids}|rewrite|<a@b.test>`,
    { kind: 'result', session, token, decision: { kind: 'rewrite', value: '<a@b.test>' } },
  ],
  [
    `filter-result|${ids}|report|x\0y`,
    { kind: 'result', session, token, decision: { kind: 'report', value: 'x y' } },
  ],
  [`filter-dataline|${ids}|a|b`, { kind: 'data-line', session, token, line: 'a|b' }],
  [`filter-dataline|${ids}|`, { kind: 'data-line', session, token, line: '' }],
  [`report|1576146008.006099|smtp-in|${session}|seen`, { kind: 'report', session, text: 'seen' }],
];
for (const [line, expected] of read) {
  test(`${JSON.stringify(line)} is ${expected.kind}`, () => {
    assert.deepEqual(readFilterLine(line), expected);
  });
}

for (const line of [
  '',
  'proceed',
  'register',
  'register|',
  'register|filter|smtp-in',
  'register|filter|smtp-in|data|more',
  'register|table|smtp-in|data',
  'register|filter|smtp-in|vrfy',
  'register|report|smtp-in|data',
  'filter-result',
  `filter-result|${session}`,
  `filter-result|${ids}`,
  `filter-result|${ids}|`,
  `filter-result|${ids}|accept`,
  `filter-result|${ids}|proceed|x`,
  `filter-result|${ids}|reject`,
  `filter-result|${ids}|reject|`,
  `filter-result|${ids}|reject|250 fine`,
  `filter-result|${ids}|reject|5500`,
  `filter-result|x|${token}|proceed`,
  `filter-result|${session}0|${token}|proceed`,
  `filter-dataline|${session}`,
  `filter-dataline|${ids}`,
  'report|now|smtp-in|1|x',
]) {
  test(`${JSON.stringify(line)} is nothing that anybody can understand`, () => {
    assert.match(String(readFilterLine(line)), /^it sent a line that nobody can understand/);
  });
}

test('whatever a filter sends, it is understood or not, and no reply has more than a line', () => {
  const words = fc.constantFrom(
    'filter-result',
    'filter-dataline',
    'register',
    'report',
    ids,
    'reject',
    '550 x',
  );
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }).map((parts) => parts.join('|')),
  );
  fc.assert(
    fc.property(line, (text) => {
      const known = readFilterLine(text);
      if (typeof known === 'string' || known.kind !== 'result' || !('text' in known.decision)) return;
      assert.ok(known.decision.code >= 400 && known.decision.code <= 599);
      // oxlint-disable-next-line no-control-regex
      assert.ok(!/[\0-\x1f\x7f]/u.test(known.decision.text));
    }),
  );
});

test('what is told has its place on its line, whatever it is', () => {
  const at = 1_576_146_008_006.099;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), (values) => {
      for (const line of [
        reportLine('0.7', at, 'link-connect', session, values),
        questionLine('0.6', at, 'connect', { session, token }, values),
      ]) {
        // oxlint-disable-next-line no-control-regex
        assert.ok(!/[\0-\x1f\x7f]/u.test(line));
        const isReport = line.startsWith('report');
        const parts = line.split('|');
        assert.equal(parts[2], '1576146008.006099');
        const before = isReport ? 6 : 7;
        // Only the last value may have bars.
        assert.ok(parts.length >= before + values.length);
        for (const [index, value] of values.slice(0, -1).entries())
          assert.equal(parts[before + index]?.length, value.length);
      }
    }),
  );
});

test('lines are as smtpd-filters(7) has them', () => {
  const surroundings = {
    version: '0.7',
    hostname: 'mx.test',
    program: 'x',
    sessionTimeoutMs: 300_000,
  } as const;
  assert.equal(configLines(surroundings).at(-1), 'config|ready');
  assert.equal(
    reportLine('0.7', 1_576_146_008_006.099, 'link-disconnect', session, []),
    `report|0.7|1576146008.006099|smtp-in|link-disconnect|${session}`,
  );
  assert.equal(
    questionLine('0.7', 1_576_146_008_006.099, 'data', { session, token }, []),
    `filter|0.7|1576146008.006099|smtp-in|data|${ids}|`,
  );
  assert.equal(dataLinePrefix('0.6', 0, { session, token }), `filter|0.6|0.000000|smtp-in|data-line|${ids}|`);
});
