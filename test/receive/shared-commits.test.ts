// Messages of one connection share commits of the spool, on a real disk.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeFiles, type FileLayer } from '../../src/spool/file-layer.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { temporaryDirectory, writerDefaults } from '../spool/support.ts';
import { SessionHarness } from './session-harness.ts';

const body = `Subject: x\r\n\r\n${'x'.repeat(4000)}\r\n`;
const group = `MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nBDAT ${body.length} LAST\r\n${body}`;

test('what a client has sent at once is stored by one commit, and by a second one what comes during the first', async (t) => {
  let syncs = 0;
  let began = Promise.withResolvers<void>();
  const files: FileLayer = {
    ...nodeFiles,
    fdatasync: (fd, done) => {
      syncs++;
      began.resolve();
      nodeFiles.fdatasync(fd, done);
    },
  };
  const writer = await openSpoolWriter({ ...writerDefaults, directory: await temporaryDirectory(t), files });
  const session = new SessionHarness([], writer);
  session.receive(Buffer.from(`EHLO client.example\r\n`));
  const before = syncs;
  began = Promise.withResolvers<void>();
  session.receive(Buffer.from(group.repeat(20)));
  await began.promise;
  for (let i = 0; i < 5; i++) session.receive(Buffer.from(group.repeat(4)));
  while (session.isBusy) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(syncs - before, 2);
  assert.equal(session.output.match(/^250 2\.0\.0 queued as /gm)?.length, 40);
  session.end();
  await writer.close();
});
