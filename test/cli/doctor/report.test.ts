// What people and scripts get of findings: the text, the verdict and the exit code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../../src/cli/doctor/examine.ts';
import { examineFile } from '../../../src/cli/doctor/examine-file.ts';
import type { Check, Patient } from '../../../src/cli/doctor/check.ts';
import { error, type Finding, note, notSeen, warning } from '../../../src/cli/doctor/finding.ts';
import { ground } from './ground.ts';
import { doctorCode, findingsText } from '../../../src/cli/doctor/report.ts';

const bad = error('disk-memory', 'The spool is in memory.', 'Move it.');
const doubtful = warning('clock-unsynchronised', 'The clock is free.', 'chronyc makestep');
const known = note('clock-unknown', 'Nobody knows.', 'apt-get install chrony');
const hidden = notSeen('The limits are not known.', 'Run it as root.');

const cases: readonly (readonly [findings: readonly Finding[], code: number, verdict: string])[] = [
  [[], 0, 'Nothing wrong was found.'],
  [[known], 0, 'Nothing wrong was found, 1 note.'],
  [[known, hidden], 3, 'Nothing wrong was found, 1 note; 1 thing could not be looked at.'],
  [[doubtful, hidden, hidden], 1, '1 warning; 2 things could not be looked at.'],
  [[bad, doubtful, doubtful, known], 2, '1 error, 2 warnings, 1 note.'],
];
for (const [findings, code, verdict] of cases) {
  test(`${verdict} Exit code ${code}`, () => {
    assert.equal(doctorCode(findings), code);
    assert.equal(findingsText(findings).trimEnd().split('\n').at(-1), verdict);
  });
}

test('a finding is shown with its severity, its code and what mends it', () => {
  assert.equal(
    findingsText([bad]),
    'ERROR    The spool is in memory.\n         disk-memory: Move it.\n\n1 error.\n',
  );
});

// None of these checks looks at its patient.
const patient = {} as Patient;
const check = (kind: Check['kind'], look: Check['look']): Check => ({ kind, subject: `the ${kind}`, look });
const never = new Promise<never>(() => undefined);

test('what hangs is given up when the time is over, and hides nothing', async () => {
  const late = Promise.withResolvers<void>();
  const examined = examine(
    patient,
    [check('clock', async () => [doubtful]), check('disk', () => never), check('files', async () => [bad])],
    late.promise,
  );
  late.resolve();
  const { findings, isCutShort } = await examined;
  assert.equal(isCutShort, true);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['disk-memory', 'clock-unsynchronised', 'not-seen'],
  );
  assert.match(findings.at(-1)?.what ?? '', /Looking at the disk took too long/u);
});

test('a check that fails is reported as not seen', async () => {
  const broken = check('disk', () => Promise.reject(new Error('EIO: i/o error')));
  const { findings, isCutShort } = await examine(patient, [broken], never);
  assert.equal(isCutShort, false);
  assert.deepEqual(
    findings.map(({ code, what }) => [code, what]),
    [['not-seen', 'Looking at the disk failed: EIO: i/o error']],
  );
});

test('a disk that hangs is told when the time is over', async (t) => {
  const { config } = ground(t);
  const extent = { only: undefined, isOffline: true, timeoutMs: 1 };
  const { findings, isCutShort } = await examineFile(config, extent, () => never);
  assert.equal(isCutShort, true);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['disk-hangs', 'not-seen'],
  );
});
