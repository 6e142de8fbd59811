// Queues that were taken out of the configuration: told while their folders have mail, and forgotten when they have none.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tellLeftQueues } from '../../src/process/watch/left-queues.ts';
import { makeQueueFolders } from '../../src/process/watch/queue-folders.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import {
  contentFor,
  envelopeFor,
  openedStore,
  temporaryDirectory,
  writerDefaults,
} from '../spool/support.ts';

test('a queue that was taken out of the configuration is told while its folder has mail', async (t) => {
  const home = await temporaryDirectory(t);
  const [spool, news] = [join(home, 'spool'), join(home, 'news')];
  mkdirSync(spool);
  const queues = [{ name: 'news', path: news }];
  const warnings: string[] = [];
  const log = { warn: (text: string) => void warnings.push(text) };
  const configOf = (named: readonly unknown[]) =>
    ({ spool, queues: named }) as unknown as Parameters<typeof makeQueueFolders>[0];
  const start = async (named: readonly unknown[]): Promise<string[]> => {
    const troubles = new Troubles();
    await tellLeftQueues(spool, makeQueueFolders(configOf(named), log), { log, troubles });
    return troubles.list.map(({ key }) => key);
  };

  const append = async (messages: number): Promise<void> => {
    const writer = await openSpoolWriter({ ...writerDefaults, directory: news });
    for (let number = 0; number < messages; number++) {
      const queueId = writer.newQueueId();
      await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 500)] });
    }
    await writer.close();
  };

  assert.deepEqual(await start(queues), []);
  await append(0);
  // No mail is in it: it is forgotten, so that its folder may be made again.
  assert.deepEqual(await start([]), []);
  rmSync(news, { recursive: true });
  assert.deepEqual(await start(queues), []);
  assert.deepEqual(warnings, []);

  await append(1);
  for (let again = 0; again < 2; again++) {
    assert.deepEqual(await start([]), [`left:${news}`]);
    assert.match(warnings.pop() ?? '', /^Mail waits in .*news, and no queue .* has this folder\./u);
  }
  // Named again, it is a queue like others.
  assert.deepEqual(await start(queues), []);
  assert.equal((await openedStore(news)).messages.length, 1);
  // Its disk is away: what is in it cannot be known, and the folder is not made again.
  rmSync(news, { recursive: true });
  assert.deepEqual(await start([]), []);
  assert.deepEqual(await start(queues), []);
  assert.match(warnings.pop() ?? '', /^The queue news takes no mail, .* is gone\.$/u);
});
