// A stop while the queue is still being recovered: it does not wait for that, and the spool is as it was.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { inspectSpool, openSpoolWriter } from '../../src/spool/open.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';

for (const singleProcess of [false, true]) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} before all processes run ends Sluice with 0 (${singleProcess ? 'one process' : 'several processes'})`, async (t) => {
      const ground = Ground.of(t);
      const directory = ground.folder('sluice');
      const spool = join(directory, 'spool');
      mkdirSync(spool);
      const writer = await openSpoolWriter({ ...writerDefaults, directory: spool });
      const ids = [writer.newQueueId(), writer.newQueueId()];
      for (const id of ids) await writer.append({ envelope: envelopeFor(id), content: [contentFor(1, 500)] });
      await writer.close();
      // The manager of an earlier Sluice that does not end: the new one waits for it, before it recovers the queue.
      const earlier = createServer((socket) => socket.on('error', () => undefined));
      earlier.listen(join(spool, 'bus.sock'));
      await once(earlier, 'listening');
      ground.atEnd(() => void earlier.close());

      const file = join(directory, 'sluice.toml');
      const log = join(directory, 'log');
      writeFileSync(
        file,
        `hostname = "sluice.test"\nspool = "spool"\ncontrol_socket = "control.sock"\n[log]\nfile = "log"\n[[listen]]\naddress = "127.0.0.1:0"\n[processes]\nsingle_process = ${singleProcess}\n`,
      );
      const connected = once(earlier, 'connection');
      const program = ground.start('sluice', process.execPath, [sluiceBin, 'serve', '--config', file]);
      await connected;
      assert.equal(await program.stop(signal), 0);
      assert.doesNotMatch(program.output, /is running as/u);
      const said = readFileSync(log, 'utf8');
      assert.match(said, new RegExp(`stopping on ${signal}: the start is broken off`, 'u'));
      assert.match(said, /stopped before all processes ran; the queue is in the spool/u);

      const found: string[] = [];
      for await (const finding of inspectSpool(spool))
        found.push(finding.kind === 'message' ? finding.message.queueId : finding.problem.text);
      assert.deepEqual(found, ids);
    });
  }
}
