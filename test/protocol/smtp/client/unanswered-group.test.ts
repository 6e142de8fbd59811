// A group of commands (RFC 2920) that is not answered as a whole is reported, and a refusal of MAIL in it is not final.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSession, type RecipientOutcome } from '../../../../src/protocol/smtp/client/client-session.ts';
import { failureText } from '../../../../src/protocol/smtp/client/reply-text.ts';

const transaction = {
  reversePath: 'a@from.test',
  recipients: [{ address: 'b@to.test' }, { address: 'c@to.test' }],
  sizeBytes: 10,
  body: '7BIT',
  smtpUtf8: false,
} as const;

/** A session with a server that offers PIPELINING, which has begun a transaction and heard this. */
function begun(replies: string, pipelining = true): ClientSession {
  const session = new ClientSession({ heloName: 'client.test', pipelining });
  session.receive(Buffer.from('220 mx.test\r\n250-mx.test\r\n250 PIPELINING\r\n'));
  session.begin(transaction);
  session.receive(Buffer.from(replies));
  return session;
}

function outcomesOf(session: ClientSession): readonly RecipientOutcome[] {
  for (let event = session.next(); event !== undefined; event = session.next()) {
    if (event.kind === 'done') return event.outcomes;
  }
  assert.fail('the transaction has no end');
}

const inTime = (session: ClientSession): void => session.timedOut();
const lost = (session: ClientSession): void => session.disconnected('closed');

test('a group of which only the beginning was answered is noticed', () => {
  for (const replies of [
    '250 ok\r\n',
    '250 ok\r\n250 ok\r\n',
    '250 ok\r\n250 ok\r\n250 ok\r\n',
    '450 later\r\n',
  ]) {
    for (const end of [inTime, lost]) {
      const session = begun(replies);
      end(session);
      assert.equal(session.fault?.kind, 'group', replies);
    }
  }
});

test('other failures do not count as a group that was not answered', () => {
  const table: [what: string, session: ClientSession][] = [
    ['nothing was answered', begun('')],
    ['421', begun('250 ok\r\n421 bye\r\n')],
    ['all was answered, and the content is on its way', begun('250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n')],
    ['all was refused', begun('550 no\r\n503 no\r\n503 no\r\n503 no\r\n')],
    ['one command at a time', begun('250 ok\r\n', false)],
  ];
  for (const [what, session] of table) {
    lost(session);
    assert.equal(session.fault, undefined, what);
  }
});

test('MAIL refused and the connection closed instead of answering the rest is tried again', () => {
  const session = begun('554 5.5.0 you spoke out of turn\r\n');
  lost(session);
  const text =
    'connection lost while waiting for the reply to RCPT: closed, after the reply "554 5.5.0 you spoke out of turn" to MAIL';
  assert.deepEqual(outcomesOf(session), [
    { recipient: 0, result: 'tempfail', failure: { kind: 'broken', during: 'RCPT', text } },
    { recipient: 1, result: 'tempfail', failure: { kind: 'broken', during: 'RCPT', text } },
  ]);
});

test('MAIL refused is final when all commands were answered, or when MAIL was sent alone', () => {
  const answered = begun('554 5.7.1 no\r\n503 no\r\n503 no\r\n503 no\r\n');
  const alone = begun('554 5.7.1 no\r\n', false);
  for (const session of [answered, alone]) {
    lost(session);
    assert.deepEqual(
      outcomesOf(session).map((each) => [
        each.result,
        each.result === 'delivered' ? '' : failureText(each.failure),
      ]),
      [
        ['permfail', '554 5.7.1 no (in reply to MAIL)'],
        ['permfail', '554 5.7.1 no (in reply to MAIL)'],
      ],
    );
  }
});

test('a recipient that was refused by its own reply stays refused when the connection breaks', () => {
  const session = begun('250 ok\r\n550 5.1.1 no\r\n');
  lost(session);
  assert.deepEqual(
    outcomesOf(session).map(({ result }) => result),
    ['permfail', 'tempfail'],
  );
});

test('an ignored extension is treated as not announced', () => {
  const session = new ClientSession({
    heloName: 'client.test',
    ignoredExtensions: new Set(['PIPELINING', 'SIZE', '8BITMIME', 'SMTPUTF8', 'DSN', 'MT-PRIORITY', 'AUTH']),
  });
  session.receive(
    Buffer.from(
      '220 mx.test\r\n250-mx.test\r\n250-Pipelining\r\n250-SIZE 1\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-MT-PRIORITY\r\n250-AUTH PLAIN\r\n250 CHUNKING\r\n',
    ),
  );
  const { auth, chunking, size, xforward, ...others } = session.extensions;
  assert.equal(chunking, true);
  assert.equal(size, undefined);
  assert.deepEqual([auth, xforward], [[], []]);
  assert.ok(
    Object.values(others).every((offered) => !offered),
    JSON.stringify(others),
  );
});
