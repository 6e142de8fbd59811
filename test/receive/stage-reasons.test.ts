// The reasons that stages give for what they do with a message: in the spool, and in the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope, greeted } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

test('a reason with line breaks becomes one line, so that it makes no row of its own in a list', async (t) => {
  const reason = 'bad\r\nFAKEID  1s  good@example.com\u001b[2J';
  const held = await withStages(t, { name: 'x', content: () => ({ kind: 'quarantine', reason }) });
  const heldClient = await greeted(held);
  await envelope(heldClient);
  assert.match(await heldClient.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  assert.equal(held.spool.kept.at(-1)?.envelope.quarantine, 'bad FAKEID  1s  good@example.com [2J');
  const dropped = await withStages(t, { name: 'x', content: () => ({ kind: 'discard', reason }) });
  const droppedClient = await greeted(dropped);
  await envelope(droppedClient);
  assert.match(await droppedClient.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  assert.match(dropped.log.at(-1) ?? '', /"reason":"bad FAKEID  1s  good@example.com \[2J"/);
});
