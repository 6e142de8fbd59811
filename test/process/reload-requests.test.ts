// A request for a reload waits while the supervisor sends its pings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReloadRequests } from '../../src/process/roles/reload-requests.ts';

const answer = { problem: '', afterRestart: ['spool'], notOpen: [], file: '/etc/sluice.toml' };
const reloaded = { afterRestart: ['spool'], notOpen: [], file: '/etc/sluice.toml' };

test('a request for a reload waits while the supervisor pings, and fails when the pings stop', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const reloads = new ReloadRequests({ isWatched: true });
  const long = reloads.ask(() => undefined);
  for (let second = 0; second < 600; second++) {
    t.mock.timers.tick(1_000);
    reloads.supervisorLives();
  }
  reloads.answered(answer);
  assert.deepEqual(await long, reloaded);
  const silent = assert.rejects(
    reloads.ask(() => undefined),
    { code: 'SUPERVISOR_SILENT' },
  );
  t.mock.timers.tick(6_000);
  await silent;
});

test('in a single process a request for a reload waits without pings', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const reloads = new ReloadRequests();
  const asked = reloads.ask(() => undefined);
  t.mock.timers.tick(60_000);
  reloads.answered(answer);
  assert.deepEqual(await asked, reloaded);
});
