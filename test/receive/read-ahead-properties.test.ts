// A client that sends much at once gets the replies of one that waits for each, and its messages are the same, whatever the order in
// which commits end, whichever of them fail, whenever stages answer, and wherever the stream is cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { Commit } from './memory-spool.ts';
import { SessionHarness } from './session-harness.ts';
import { atOnce, type Behaviour, behaviours, cut, stagesOf } from './some-stages.ts';

/** What a client sends; `#` is the number of the unit, so that each message has a sender of its own. */
const units = fc.array(
  fc.constantFrom(
    'EHLO client.example\r\n',
    'MAIL FROM:<m#@example.net>\r\n',
    'MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\n',
    'RCPT TO:<c@example.com>\r\n',
    'MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\nBDAT 12 LAST\r\nSubject: x\r\n',
    'MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\nBDAT 16 LAST\r\nSubject: xxxxx\r\n',
    'MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n',
    `MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nX: y\r\n\r\n${'large '.repeat(3000)}\r\n.\r\n`,
    `MAIL FROM:<m#@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n${'Received: a\r\n'.repeat(5)}\r\n.\r\n`,
    'BDAT 14\r\nSubject: x\r\n\r\nBDAT 0 LAST\r\n',
    'RSET\r\n',
    'NOOP\r\n',
    'FOO\r\n',
    'QUIT\r\n',
  ),
  { minLength: 1, maxLength: 10 },
);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A session with what it waits for: stages, and commits of which some fail. */
class Client {
  readonly session: SessionHarness;
  readonly #commits: Commit[] = [];
  readonly #gates: (() => void)[] = [];
  readonly #failures: ReadonlyMap<string, SpoolError>;
  /** The most messages that waited at the same time. */
  most = 0;

  constructor(given: readonly Behaviour[], failures: ReadonlyMap<string, SpoolError>) {
    this.#failures = failures;
    this.session = new SessionHarness(stagesOf(given, this.#gates));
    this.session.spool.commits = this.#commits;
  }

  /** Sends something, without waiting. */
  async send(chunk: Uint8Array): Promise<void> {
    if (!this.session.isClosed) this.session.receive(chunk);
    await turn();
    this.most = Math.max(this.most, this.#commits.length);
  }

  /** Ends one of the commits. */
  endCommit(which: number): void {
    const [commit] = this.#commits.splice(which % Math.max(1, this.#commits.length), 1);
    commit?.end(this.#failures.get(commit.reversePath));
  }

  /** Lets stages and commits end, one after the other. */
  async settle(order: () => number): Promise<void> {
    for (let idle = 0; this.session.isBusy && !this.session.isClosed; idle++) {
      const gate = order() % 2 === 0 ? this.#gates.shift() : undefined;
      if (gate !== undefined) gate();
      else if (this.#commits.length > 0) this.endCommit(order());
      else if (this.#gates.length > 0) this.#gates.shift()?.();
      else if (idle > 0) this.session.passTimeLimit();
      await turn();
      assert.ok(idle < 1000, 'the session goes on');
    }
  }

  /** What must not depend on when anything happened. Queue ids may: a message that is refused may have used one, if it was large. */
  async outcome(): Promise<unknown> {
    this.session.end();
    await turn();
    assert.equal(this.session.memory.usedBytes, 0);
    const messages = this.session.spool.kept.map(({ envelope, content }) =>
      JSON.stringify({
        ...envelope,
        queueId: '',
        receivedAtMs: 0,
        content: content.replace(/id ID\d+/, '').replace(/;\r\n\t[^\r]*/, ''),
      }),
    );
    const events = this.session.log
      .filter((line) => line.includes('"event":'))
      .map((line) => {
        const { event, from, to, reply, stage } = JSON.parse(line) as Record<string, unknown>;
        return JSON.stringify({ event, from, to, reply, stage });
      });
    return {
      output: this.session.output.replaceAll(/queued as ID\d+/g, 'queued'),
      messages: messages.toSorted(),
      events: events.toSorted(),
    };
  }
}

test('the replies and messages of a client that pipelines are those of one that waits', async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(
      behaviours,
      units,
      fc.array(fc.nat(9), { maxLength: 4 }),
      fc.array(fc.nat(20_000), { maxLength: 8 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }),
      async (given, parts, failing, cuts, order) => {
        const failures = new Map(
          failing.map((index) => [
            `m${index}@example.net`,
            new SpoolError(index % 2 === 0 ? 'SPOOL_FULL' : 'SPOOL_WRITE_FAILED', 'no'),
          ]),
        );
        const lines = [
          'EHLO client.example\r\n',
          ...parts.map((part, index) => part.replace('#', `${index}`)),
        ];

        const patient = new Client(atOnce(given), failures);
        for (const line of lines.join('').split(/(?<=\r\n)/)) {
          await patient.send(Buffer.from(line));
          await patient.settle(() => 0);
        }

        const eager = new Client(given, failures);
        let step = 0;
        const next = (): number => order[step++ % order.length] ?? 0;
        for (const chunk of cut(Buffer.from(lines.join('')), cuts)) {
          await eager.send(chunk);
          if (next() === 0) eager.endCommit(next());
        }
        await eager.settle(next);
        assert.deepEqual(await eager.outcome(), await patient.outcome());
        most = Math.max(most, eager.most);
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(most > 2, 'several messages waited at the same time');
});
