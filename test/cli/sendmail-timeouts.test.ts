// A receiver that is stopped keeps its socket, and connections to it succeed: sendmail gives up after the times of
// RFC 5321 4.5.3.2, and the caller keeps the message.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CommandError } from '../../src/cli/exit-codes.ts';
import { submit } from '../../src/cli/sendmail/submit.ts';
import { verdict } from '../../src/cli/sendmail/verdict.ts';
import type { ClientTransaction, RecipientOutcome } from '../../src/protocol/smtp/client/client-session.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const transaction: ClientTransaction = {
  reversePath: 'a@b.example',
  recipients: [{ address: 'c@d.example' }],
  sizeBytes: 3,
  body: '7BIT',
  smtpUtf8: false,
};

/** Hands a message to a server that sends these replies, each after a number of lines, and then nothing more. */
async function handIn(
  t: TestContext,
  replies: readonly string[],
): Promise<{ readonly outcomes: Promise<readonly RecipientOutcome[]>; readonly stalled: Promise<void> }> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = temporaryFolder(t, 'stopped');
  const path = join(folder.path, 'submit.sock');
  const { promise: stalled, resolve } = Promise.withResolvers<void>();
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    const left = [...replies];
    const say = (): void => {
      const reply = left.shift();
      if (reply === undefined) resolve();
      else socket.write(reply);
    };
    let kept = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (kept + text).split('\r\n');
      kept = lines.pop() ?? '';
      for (const line of lines) if (line !== 'x') say();
    });
    say();
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close());
  return { outcomes: submit(path, 'h.example', transaction, [Buffer.from('x\r\n')], 10), stalled };
}

test('without a greeting it ends after a minute', async (t) => {
  const { outcomes, stalled } = await handIn(t, []);
  const refused = assert.rejects(outcomes, (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.deepEqual([error.exitCode, error.code], [75, 'SENDMAIL_NOT_RUNNING']);
    assert.match(error.message, /: timed out while waiting for the greeting; nothing was sent$/);
    return true;
  });
  await stalled;
  t.mock.timers.tick(60_000);
  await refused;
});

const greeted = ['220 x\r\n', '250 x\r\n'];
for (const [what, replies, ms] of [
  ['to MAIL', greeted, 300_000],
  ['to RCPT', [...greeted, '250 x\r\n'], 300_000],
  ['to DATA', [...greeted, '250 x\r\n', '250 x\r\n'], 300_000],
  ['to the content', [...greeted, '250 x\r\n', '250 x\r\n', '354 x\r\n'], 600_000],
] as const) {
  test(`without a reply ${what} it ends after ${ms / 60_000} minutes`, async (t) => {
    const { outcomes, stalled } = await handIn(t, replies);
    await stalled;
    t.mock.timers.tick(ms);
    const problem = verdict(await outcomes, ['c@d.example']);
    assert.equal(problem?.exitCode, 75);
    assert.match(String(problem?.message), /timed out while waiting/);
  });
}
