// LMTP with a server that answers too little, too much, or in pieces: a recipient counts as delivered only by a reply of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { lmtpDialect } from '../../../src/protocol/lmtp/client-dialect.ts';
import { ClientSession, type RecipientOutcome } from '../../../src/protocol/smtp/client/client-session.ts';
import { transactionOf } from '../smtp/client/transcript.ts';

const reply = fc.constantFrom(250, 251, 450, 452, 550, 552);

interface Play {
  readonly outcomes: readonly RecipientOutcome[];
  readonly isReusable: boolean;
  readonly phase: string;
}

/** Plays one transaction; the stream of the server is cut into pieces of this size. */
function play(
  rcpts: readonly number[],
  finals: readonly number[],
  isPipelined: boolean,
  pieceBytes: number,
): Play {
  const session = new ClientSession({ heloName: 'client.example.org', dialect: lmtpDialect });
  const say = (text: string): void => {
    for (let at = 0; at < text.length; at += pieceBytes)
      session.receive(Buffer.from(text.slice(at, at + pieceBytes)));
  };
  let outcomes: readonly RecipientOutcome[] | undefined;
  let isReusable = false;
  let wantsContent = false;
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'content') wantsContent = true;
      if (event.kind !== 'done') continue;
      assert.equal(outcomes, undefined, 'done once');
      ({ outcomes, reusable: isReusable } = event);
    }
  };
  say('220 mail.example.com\r\n');
  say(isPipelined ? '250-mail.example.com\r\n250 PIPELINING\r\n' : '250 mail.example.com\r\n');
  pump();
  session.begin(transactionOf({ recipients: rcpts.map((_, at) => ({ address: `user${at}@example.com` })) }));
  const isAnyAccepted = rcpts.some((code) => code < 300);
  say('250 ok\r\n');
  for (const [at, code] of rcpts.entries()) say(`${code} rcpt ${at}\r\n`);
  if (isAnyAccepted || isPipelined) say(isAnyAccepted ? '354 go\r\n' : '503 nobody\r\n');
  pump();
  if (wantsContent) {
    session.contentSent();
    say(finals.map((code, at) => `${code} final ${at}\r\n`).join(''));
    pump();
  }
  const { phase } = session;
  session.disconnected('gone');
  pump();
  return { outcomes: outcomes ?? [], isReusable, phase };
}

test('each recipient has the outcome of its own reply, however the stream is cut; without a reply it is tried again', () => {
  fc.assert(
    fc.property(
      fc.array(reply, { minLength: 1, maxLength: 6 }),
      fc.array(reply, { maxLength: 8 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 80 }),
      (rcpts, finals, isPipelined, pieceBytes) => {
        const { outcomes, isReusable, phase } = play(rcpts, finals, isPipelined, pieceBytes);
        assert.equal(outcomes.length, rcpts.length);
        let next = 0;
        for (const [at, code] of rcpts.entries()) {
          const outcome = outcomes[at]!;
          assert.equal(outcome.recipient, at);
          const isAccepted = code < 300;
          const said = isAccepted ? finals[next++] : code;
          const text = isAccepted ? `final ${next - 1}` : `rcpt ${at}`;
          if (said === undefined) {
            assert.ok(outcome.result === 'tempfail' && outcome.failure.kind === 'broken');
          } else if (said < 300) {
            assert.ok(outcome.result === 'delivered');
            assert.deepEqual([outcome.reply.code, outcome.reply.lines], [said, [text]]);
          } else {
            // RFC 5321 4.5.3.1.10: a 552 to RCPT after an accepted recipient may mean "too many recipients".
            const isTooMany =
              !isAccepted && said === 552 && rcpts.slice(0, at).some((before) => before < 300);
            assert.ok(outcome.result !== 'delivered' && outcome.failure.kind === 'reply');
            assert.equal(outcome.result, said >= 500 && !isTooMany ? 'permfail' : 'tempfail');
            assert.deepEqual(outcome.failure.reply.lines, [text]);
          }
        }
        // A reply too many ends the session, so that it cannot be taken for one of the next transaction.
        const accepted = rcpts.filter((code) => code < 300).length;
        if (accepted > 0 && finals.length > accepted && (finals[accepted - 1] ?? 0) < 300)
          assert.equal(phase, 'closed');
        if (accepted > finals.length) assert.equal(isReusable, false);
      },
    ),
    { numRuns: 2_000 },
  );
});
