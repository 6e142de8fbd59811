// What `sluice divert add` warns of: names that nothing has, and a queue that takes no mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { diversionWarnings } from '../../src/manager/diversions/diversion-warnings.ts';

const config = parseConfig(
  '[queues.backup]\n[[tenant]]\nname = "shop"\nsender = ["shop.test"]\n',
  '/etc/sluice/sluice.toml',
);

test('tenants and stages that there are not are told, and what there is is not', () => {
  const conditions = {
    tenant: ['shop', '', 'shpo'],
    results: ['verification.spf=fail', 'scan.ner.score>=8'],
  };
  assert.deepEqual(diversionWarnings({ queue: 'backup', conditions }, config, false), [
    'There is no tenant "shpo"; there are shop.',
    'There is no stage "scan.ner"; there are verification.',
  ]);
  assert.deepEqual(
    diversionWarnings({ queue: 'backup', conditions: { tenant: ['shop'] } }, config, false),
    [],
  );
});

test('a queue that is stopped is told', () => {
  const [warning = ''] = diversionWarnings({ queue: 'backup', conditions: {} }, config, true);
  assert.match(warning, /^The queue backup is stopped: .* "sluice queue start --queue backup"/u);
});
