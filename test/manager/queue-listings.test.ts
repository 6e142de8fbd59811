// Lists of the queue that are walked page by page: one that is forgotten is said to be, and never ends as if it were complete.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueuePage } from '../../src/control/operations/queue-pages.ts';
import { ground } from './assembled.ts';

test('a list that went on too late is refused; the one used last stays', async (t) => {
  const { submit, operator } = await ground(t);
  await submit(...Array.from({ length: 4_500 }, (_, at) => `user${at}@a.test`));
  const page = async (cursor?: number): Promise<QueuePage | string> => {
    const asking = operator();
    await asking.ask('page', { filter: {}, ...(cursor !== undefined && { cursor }) });
    const [answer] = asking.told;
    assert.ok(answer?.kind === 'response');
    return 'error' in answer ? answer.error.code : (answer.result as QueuePage);
  };
  const first = await page();
  const second = await page();
  assert.ok(typeof first === 'object' && typeof second === 'object');
  assert.equal(first.rows.length, 2_000);
  for (let count = 0; count < 63; count++) {
    await page();
    if (count === 30) assert.equal(typeof (await page(first.cursor)), 'object');
  }
  assert.equal(await page(second.cursor), 'LISTING_FORGOTTEN');
  const last = await page(first.cursor);
  assert.ok(typeof last === 'object');
  assert.deepEqual([last.rows.length, last.cursor], [500, undefined]);
});
