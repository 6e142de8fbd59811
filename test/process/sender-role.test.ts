// How the sender role ends when it has lost its manager.

import assert from 'node:assert/strict';
import { EventCounters } from '../../src/log/event-counters.ts';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { SenderRole } from '../../src/process/roles/sender-role.ts';
import { settled } from '../../sim/virtual-timers.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

test('a sender that stops closes its link when a manager has been told what it delivered', async (t) => {
  const { path } = temporaryFolder(t, 'sender');
  let isClosed = false;
  const link = {
    post: () => undefined,
    congested: false,
    whenDrained: (callback: () => void) => callback(),
    close: () => {
      isClosed = true;
    },
  };
  const linked = Promise.withResolvers<() => void>();
  const config = parseConfig(`spool = "${path}"`, 'sluice.toml');
  const sender = new SenderRole(config, link, keptLog(), new EventCounters(), linked.resolve);
  const stopped = sender.stop(0);
  const tell = await linked.promise;
  await settled();
  assert.equal(isClosed, false, 'no manager knows of its deliveries');
  tell();
  await stopped;
  assert.equal(isClosed, true);
});
