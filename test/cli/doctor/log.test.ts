// The log, as `sluice doctor` judges it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogFacts, logFindings, namesLog } from '../../../src/cli/doctor/log.ts';

const path = '/var/log/sluice/sluice.log';
const right: LogFacts = {
  file: { path, sizeBytes: 1000, rotatedBy: ['Sluice'] },
  syslog: { socket: '/dev/log', isThere: true, missing: [] },
};

const cases: readonly (readonly [name: string, change: Partial<LogFacts>, codes: readonly string[]])[] = [
  ['a log that is rotated, and a syslog server', {}, []],
  ['a log on standard output', { file: undefined, syslog: undefined }, []],
  ['a log that nothing rotates', { file: { path, sizeBytes: 1, rotatedBy: [] } }, ['log-endless']],
  [
    'a log that two programs rotate',
    { file: { path, sizeBytes: 1, rotatedBy: ['Sluice', '/etc/logrotate.d/sluice'] } },
    ['log-twice'],
  ],
  ['no syslog server', { syslog: { socket: '/dev/log', isThere: false, missing: [] } }, ['log-syslog']],
  ['no logger', { syslog: { socket: '/dev/log', isThere: true, missing: ['logger'] } }, ['log-program']],
];

for (const [name, change, codes] of cases) {
  test(name, () => {
    assert.deepEqual(
      logFindings({ ...right, ...change }).map(({ code }) => code),
      codes,
    );
  });
}

test('a log that has grown says how large it is', () => {
  const [finding] = logFindings({ ...right, file: { path, sizeBytes: 3 * 2 ** 30, rotatedBy: [] } });
  assert.match(finding?.what ?? '', /It has 3\.0 GiB already/u);
});

test('logrotate names a log by its path or by a pattern, and not in a comment', () => {
  assert.equal(namesLog(`${path} {\n  daily\n}\n`, path), true);
  assert.equal(namesLog(`"${path}" /var/log/other {\n}\n`, path), true);
  assert.equal(namesLog('/var/log/sluice/*.log{\n}\n', path), true);
  assert.equal(namesLog(`# ${path}\n/var/log/*.log {\n}\n`, path), false);
  assert.equal(namesLog('/var/log/sluice/sluice.log.old {\n}\n', path), false);
});
