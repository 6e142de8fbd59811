// The report of a delivery comes from a process of the user: whatever it prints, no more follows than what the user's own file could ask for; and users
// of the system are looked up where they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMailbox } from '../../../src/address/path.ts';
import { mostForwards, readReport, reportMark } from '../../../src/deliver/system/job.ts';
import { outcomeOfSystemEnd } from '../../../src/deliver/system/system-outcome.ts';
import { SystemUsers } from '../../../src/io/system-users.ts';
import { usualFacts } from '../../local/ground.ts';

const line = (report: unknown): string => `${reportMark}${JSON.stringify(report)}\n`;

test('the last report counts, behind whatever else was printed', () => {
  const report = { kind: 'done', did: ['x'], onward: { reversePath: '', recipients: ['a@b.test'] } };
  assert.deepEqual(readReport(`a warning\n${line({ kind: 'done', did: [] })}${line(report)}`), report);
});

const broken: readonly unknown[] = [
  null,
  'done',
  { kind: 'done' },
  { kind: 'done', did: 'x' },
  { kind: 'done', did: [7] },
  { kind: 'done', did: ['x'.repeat(3_000)] },
  { kind: 'done', did: [], onward: { reversePath: 'x', recipients: ['a@b.test'] } },
  { kind: 'done', did: [], onward: { reversePath: '', recipients: [] } },
  { kind: 'done', did: [], onward: { reversePath: '', recipients: ['a@b.test>\r\nRCPT TO:<x@y.test'] } },
  {
    kind: 'done',
    did: [],
    onward: { reversePath: '', recipients: Array(mostForwards + 1).fill('a@b.test') },
  },
  { kind: 'done', did: [], onward: { reversePath: '', recipients: ['a@b.test'], verp: '<>' } },
  { kind: 'fault', status: '2.0.0', text: 'x' },
  { kind: 'fault', status: '5.1.1\r\n', text: 'x' },
];

for (const report of broken)
  test(`no report: ${JSON.stringify(report).slice(0, 80)}`, () => {
    assert.equal(readReport(line(report)), undefined);
    const outcome = outcomeOfSystemEnd({ kind: 'ended', code: 0, printed: line(report) }, usualFacts, 0);
    assert.equal(outcome.result, 'tempfail');
  });

test('any output is a delivery with addresses, a failure, or mail that waits', () => {
  const report = fc.record(
    {
      kind: fc.constantFrom('done', 'fault', 'x'),
      did: fc.array(fc.string(), { maxLength: 3 }),
      status: fc.constantFrom('4.2.1', '5.1.1', '250', ''),
      text: fc.string({ unit: 'binary' }),
      onward: fc.record({
        reversePath: fc.constantFrom('', 'a@b.test', 'a b'),
        recipients: fc.array(fc.constantFrom('a@b.test', '"x y"@b.test', 'x', 'a@b.test\n'), {
          maxLength: 3,
        }),
      }),
    },
    { requiredKeys: [] },
  );
  const printed = fc.oneof(
    fc.string({ unit: 'binary' }),
    report.map(line),
    fc.json().map((json) => reportMark + json),
  );
  fc.assert(
    fc.property(printed, fc.constantFrom(0, 1), (text, code) => {
      const outcome = outcomeOfSystemEnd({ kind: 'ended', code, printed: text }, usualFacts, 0);
      if (code !== 0) assert.equal(outcome.result, 'tempfail');
      if (outcome.result !== 'delivered') return;
      assert.doesNotMatch(outcome.reply.lines.join(''), /\p{Cc}/u);
      for (const { recipients } of outcome.onward?.mails ?? [])
        for (const each of recipients) assert.equal(parseMailbox(each).kind, 'mailbox');
    }),
  );
});

test('users are found in /etc/passwd; others, and what cannot be a name, are told apart from failures', async () => {
  const users = new SystemUsers();
  const root = await users.find('root');
  assert.ok(root.kind === 'user' && root.uid === 0 && root.home.startsWith('/'));
  for (const name of ['no-such-user-here', '', '-x', 'a:b', '../root', 'a\nb', 'x'.repeat(100)])
    assert.equal((await users.find(name)).kind, 'absent', name);
});
