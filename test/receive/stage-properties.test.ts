// Stages and cuts in the stream change nothing that they should not: whether a stage answers at once, later or wrongly, and however
// the client's bytes are cut, the replies, the messages and the log are the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SessionHarness } from './session-harness.ts';
import { atOnce, type Behaviour, behaviours, cut, stagesOf } from './some-stages.ts';

const message = 'Subject: x\r\nTo: y\r\n\r\nbody\r\n..dot\r\n.\r\n';
const script = fc.array(
  fc.constantFrom(
    'EHLO client.example\r\n',
    'MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\n',
    'MAIL FROM:<>\r\n',
    'RCPT TO:<c@example.com>\r\n',
    'RCPT TO:<b@example.com>\r\nRCPT TO:<d@example.com>\r\n',
    `DATA\r\n${message}`,
    `MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n${message}`,
    `DATA\r\nSubject: large\r\n\r\n${'large '.repeat(3000)}\r\n.\r\n`,
    'DATA\r\n.\r\n',
    'BDAT 12 LAST\r\nSubject: x\r\n',
    'BDAT 14\r\nSubject: x\r\n\r\nBDAT 0 LAST\r\n',
    'RSET\r\n',
    'NOOP\r\n',
    'QUIT\r\n',
  ),
  { minLength: 1, maxLength: 10 },
);

interface Outcome {
  readonly output: string;
  readonly kept: unknown;
  readonly events: readonly unknown[];
  /** Of messages that are stored: in the order of their commits, while the session goes on. */
  readonly received: readonly unknown[];
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function run(given: readonly Behaviour[], chunks: readonly Uint8Array[]): Promise<Outcome> {
  const gates: (() => void)[] = [];
  const session = new SessionHarness(stagesOf(given, gates));
  for (const chunk of chunks) {
    if (session.isClosed) break;
    session.receive(chunk);
  }
  for (let idle = 0; session.isBusy && !session.isClosed; idle++) {
    await turn();
    const open = gates.shift();
    if (open !== undefined) open();
    else if (idle > 0) session.passTimeLimit();
    assert.ok(idle < 1000, 'the session goes on');
  }
  session.end();
  await turn();
  assert.equal(session.memory.usedBytes, 0);
  const events = session.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event !== undefined)
    .map((line) => JSON.stringify({ ...line, time: 0, transactionMs: 0, ...failureOf(line) }));
  // Whether a body that ends in the chunk of its header gets a file of its own may depend on the cuts.
  const kept = session.spool.kept.map(({ envelope, content }) => ({
    ...envelope,
    receivedAtMs: 0,
    content: content.replace(/;\r\n\t[^\r]*/, ''),
  }));
  const isReceived = (line: string): boolean => line.includes('"event":"received"');
  return {
    output: session.output,
    kept: kept.toSorted((a, b) => (a.queueId < b.queueId ? -1 : 1)),
    events: events.filter((line) => !isReceived(line)),
    received: events.filter(isReceived).toSorted(),
  };
}

/** A stage that fails at once fails in other words than one that fails later. */
function failureOf({ event, reason }: Record<string, unknown>): { readonly reason?: string } {
  return event === 'rejected' && reason !== undefined ? { reason: 'it failed' } : {};
}

test('late and broken stages, and cuts of the stream, change neither replies nor messages nor the log', async () => {
  await fc.assert(
    fc.asyncProperty(
      behaviours,
      script,
      fc.array(fc.nat(20_000), { maxLength: 12 }),
      async (given, lines, cuts) => {
        const stream = Buffer.from(`EHLO client.example\r\n${lines.join('')}`);
        const expected = await run(atOnce(given), [stream]);
        assert.deepEqual(await run(given, cut(stream, cuts)), expected);
      },
    ),
    { numRuns: 400 },
  );
});

test('a session that ends while a stage is out leaves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(behaviours, script, async (given, lines) => {
      const gates: (() => void)[] = [];
      const session = new SessionHarness(stagesOf(given, gates));
      session.receive(Buffer.from(`EHLO client.example\r\n${lines.join('')}`));
      await turn();
      const { output } = session;
      const kept = session.spool.kept.length;
      const wasHeld = session.isHeld;
      session.end();
      for (const open of gates) open();
      await turn();
      session.passTimeLimit();
      if (wasHeld) {
        assert.equal(session.output, output);
        assert.equal(session.spool.kept.length, kept);
      }
      assert.equal(session.memory.usedBytes, 0);
    }),
    { numRuns: 300 },
  );
});
