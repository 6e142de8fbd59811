// For any input from a server: nothing throws, memory is bounded, every transaction ends with one outcome per recipient.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ClientSession, type ClientPhase } from '../../../../src/protocol/smtp/client/client-session.ts';
import { lmtpDialect } from '../../../../src/protocol/lmtp/client-dialect.ts';
import { smtpDialect } from '../../../../src/protocol/smtp/client/dialect.ts';
import type { Declined } from '../../../../src/protocol/smtp/client/opening.ts';
import { transactionOf } from './transcript.ts';
import { failureText } from '../../../../src/protocol/smtp/client/reply-text.ts';

/** Pieces that lead deep into a session more often than random bytes would. */
const serverBytes = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('250 ok\r\n', '250 2.1.0 ok\r\n', '354 go\r\n', '220 mx.example.com\r\n'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '250-mx\r\n250-PIPELINING\r\n250-DSN\r\n250 SIZE 5\r\n',
      '250-mx\r\n250 PIPELINING\r\n',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('550 5.1.1 no\r\n', '450 later\r\n', '552 full\r\n', '554 no\r\n'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '421 bye\r\n',
      '25',
      '250',
      '250-',
      '\r\n',
      '\n',
      '\r',
      '250\n',
      '999 x\r\n',
      '150 x\r\n',
      '250-a\r\n550 b\r\n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

/** What a well-behaved server would answer in each phase. */
const polite: Partial<Record<ClientPhase, string>> = {
  greeting: '220 mx.example.com\r\n',
  helo: '250-mx.example.com\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 SIZE 5\r\n',
  starttls: '220 go\r\n',
  mail: '250 ok\r\n',
  rcpt: '250 ok\r\n',
  data: '354 go\r\n',
  final: '250 ok\r\n',
  rset: '250 ok\r\n',
  quit: '221 ok\r\n',
};

const step = fc.oneof(
  { weight: 40, arbitrary: fc.constant({ kind: 'polite' } as const) },
  {
    weight: 8,
    arbitrary: serverBytes.map((text) => ({ kind: 'bytes', bytes: Buffer.from(text, 'latin1') }) as const),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ kind: 'bytes', bytes }) as const),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'quit' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'contentFailed' } as const) },
);

for (const dialect of [smtpDialect, lmtpDialect]) {
  test(`no sequence of bytes and calls breaks the promises of the session (${dialect.hello})`, () => {
    let delivered = 0;
    let refused = 0;
    let secured = 0;
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        fc.constantFrom('never', 'want', 'must', 'implicit'),
        fc.boolean(),
        (steps, recipients, pipelining, tls, timesOut) => {
          const session = new ClientSession({
            heloName: 'client.example.org',
            dialect,
            pipelining,
            maxReplyBytes: 200,
            tls,
          });
          let isSecure = false;
          let begun = 0;
          let done = 0;
          let closed = 0;
          let failed = 0;
          let sent = false;
          const pump = () => {
            for (let event = session.next(); event !== undefined; event = session.next()) {
              assert.equal(closed, 0, 'nothing comes after close');
              if (event.kind === 'handshake') {
                assert.equal(session.takeOutput(), undefined, 'nothing more in clear');
                assert.equal(isSecure, false, 'one handshake');
                isSecure = true;
                session.secured();
              } else if (event.kind === 'ready' && session.phase === 'idle') {
                if (tls === 'must' || tls === 'implicit') assert.ok(isSecure, 'ready only under TLS');
                if (isSecure) secured++;
                begun++;
                sent = false;
                session.begin(
                  transactionOf({
                    recipients: Array.from({ length: recipients }, (_, i) => ({
                      address: `user${i}@example.com`,
                    })),
                    sizeBytes: begun === 3 ? 6 : 5,
                  }),
                );
                if (begun === 20) session.quit();
              } else if (event.kind === 'content') {
                sent = true;
                session.contentSent();
              } else if (event.kind === 'done') {
                done++;
                assert.equal(event.outcomes.length, recipients);
                for (const [i, outcome] of event.outcomes.entries()) {
                  assert.equal(outcome.recipient, i);
                  const error = outcome.result === 'delivered' ? '' : failureText(outcome.failure);
                  assert.equal(error === '', outcome.result === 'delivered');
                  assert.doesNotMatch(error, /[\u0000-\u001f\u007f-\u009f]/);
                  assert.ok(error.length < 2100);
                  if (outcome.result === 'delivered') {
                    assert.ok(sent, 'delivered only after the content was sent');
                    delivered++;
                  } else refused++;
                }
              } else if (event.kind === 'failed') failed++;
              else if (event.kind === 'close') closed++;
            }
            const output = session.takeOutput();
            if (output !== undefined) assert.match(Buffer.from(output).toString(), /^(?:[^\r\n]*\r\n)+$/);
          };
          pump();
          for (const { kind, ...rest } of steps) {
            if (kind === 'bytes' && 'bytes' in rest) session.receive(rest.bytes);
            else if (kind === 'polite') session.receive(Buffer.from(polite[session.phase] ?? ''));
            else if (kind === 'quit') session.quit();
            else session.contentFailed('cannot\r\nread');
            pump();
          }
          if (timesOut) session.timedOut();
          else session.disconnected('end\r\nof it');
          pump();
          assert.equal(done, begun);
          assert.equal(closed, 1);
          assert.ok(failed <= 1);
          assert.equal(session.phase, 'closed');
        },
      ),
      { numRuns: 4000 },
    );
    // The property is worth something only if it reached the end of transactions.
    assert.ok(delivered > 300 && refused > 300, `${delivered} delivered, ${refused} refused`);
    assert.ok(secured > 300, `${secured} times ready under TLS`);
  });
}

test('a reply without end is an error at the largest size, in one line or in many', () => {
  for (const piece of ['x'.repeat(1000), '220-more\r\n'.repeat(100), '\u0000'.repeat(1000)]) {
    const session = new ClientSession({ heloName: 'client.example.org', maxReplyBytes: 4096 });
    session.receive(Buffer.from('220-start\r\n220-'));
    let received = 0;
    while (session.phase !== 'closed' && received < 10_000) {
      session.receive(Buffer.from(piece));
      received += piece.length;
    }
    assert.ok(received <= 5000, `${received} bytes taken`);
    assert.deepEqual(session.next(), {
      kind: 'failed',
      failure: {
        kind: 'broken',
        during: 'connect',
        text: 'protocol error: a reply of more than 4096 bytes',
      },
      permanent: false,
    });
  }
});

test('a reply of exactly the largest size is accepted', () => {
  const session = new ClientSession({ heloName: 'client.example.org', maxReplyBytes: 100 });
  session.receive(Buffer.from(`220 ${'x'.repeat(94)}\r\n`));
  assert.equal(session.phase, 'helo');
  const other = new ClientSession({ heloName: 'client.example.org', maxReplyBytes: 100 });
  other.receive(Buffer.from(`220 ${'x'.repeat(95)}\r\n`));
  assert.equal(other.phase, 'closed');
});

test('many replies in one chunk do not count as one large reply', () => {
  const session = new ClientSession({ heloName: 'client.example.org', maxReplyBytes: 200 });
  session.receive(Buffer.from('220 mx.example.com\r\n'));
  session.receive(Buffer.from('250-mx.example.com\r\n250 PIPELINING\r\n'));
  const recipients = Array.from({ length: 1000 }, (_, i) => ({ address: `user${i}@example.com` }));
  session.begin(transactionOf({ recipients }));
  session.receive(Buffer.from(`250 ok\r\n${'250 ok\r\n'.repeat(1000)}354 go\r\n`));
  assert.equal(session.phase, 'content');
});

test('the text of a reply is one bounded line without control characters and without its status codes', () => {
  const cases: [sent: string, code: number, enhanced: string, text: string][] = [
    ['550 5.1.1 no such user\r\n', 550, '5.1.1', 'no such user'],
    ['550 5.1.1\r\n', 550, '5.1.1', ''],
    // A status without words says less than the one in front of the words.
    ['550-5.1.1\r\n550 5.1.10 no such domain\r\n', 550, '5.1.10', 'no such domain'],
    ['550-5.1.10 no such domain\r\n550 5.1.1\r\n', 550, '5.1.10', 'no such domain'],
    ['550\r\n', 550, '', ''],
    ['550-\r\n550 \r\n', 550, '', ''],
    ['550-5.7.1 one\r\n550-5.7.1   two\r\n550 5.7.10 three\r\n', 550, '5.7.1', 'one two 5.7.10 three'],
    // As Cisco's gateways write it; the text keeps the hash.
    ['550 #5.1.0 Address rejected.\r\n', 550, '5.1.0', '#5.1.0 Address rejected.'],
    ['550-#5.7.1 one\r\n550 #5.7.1 two\r\n', 550, '5.7.1', '#5.7.1 one two'],
    ['550 #4.1.1 class of another code\r\n', 550, '', '#4.1.1 class of another code'],
    ['550 4.1.1 class of another code\r\n', 550, '', '4.1.1 class of another code'],
    ['550 5.1.1x not a status\r\n', 550, '', '5.1.1x not a status'],
    ['550 bell \u0007 escape \u001b[31m nul \u0000 tab\t.\r\n', 550, '', 'bell   escape  [31m nul   tab .'],
    ['550 line\u2028separator and c1 \u0085.\r\n', 550, '', 'line separator and c1  .'],
    ['550 a\u200eb\u200fc\u061cd\u202ae\u202ef\u2066g\u2069h\r\n', 550, '', 'a b c d e f g h'],
    ['550 \u202eresu hcus on\u202c\r\n', 550, '', 'resu hcus on'],
    ['550 שלום\r\n', 550, '', 'שלום'],
    ['550 bare lf\n', 550, '', 'bare lf'],
    ['550 Größe überschritten\r\n', 550, '', 'Größe überschritten'],
    [`550 ${'x'.repeat(3000)}\r\n`, 550, '', 'x'.repeat(2000)],
    [`550 ${'x'.repeat(1999)}😀\r\n`, 550, '', `${'x'.repeat(1999)}\ufffd`],
  ];
  for (const [sent, code, enhanced, text] of cases) {
    const session = new ClientSession({ heloName: 'client.example.org' });
    session.receive(Buffer.from(sent));
    const event = session.next();
    assert.ok(event?.kind === 'failed');
    assert.ok(event.failure.kind === 'reply');
    const { lines, ...reply } = event.failure.reply;
    assert.deepEqual(reply, { code, enhanced, command: 'connect' });
    assert.equal(lines.join(' '), text);
  }
});

test('the text of a failure has the status once, as the server wrote it', () => {
  const errors = new Map([
    ['550 #5.1.0 Address rejected.', '550 #5.1.0 Address rejected. (in reply to connect)'],
    ['550-#5.7.1 Mail from\r\n550 #5.7.1 here', '550 #5.7.1 Mail from here (in reply to connect)'],
    ['550 5.1.0 Address rejected.', '550 5.1.0 Address rejected. (in reply to connect)'],
  ]);
  for (const [sent, error] of errors) {
    const session = new ClientSession({ heloName: 'client.example.org' });
    session.receive(Buffer.from(`${sent}\r\n`));
    const event = session.next();
    assert.ok(event?.kind === 'failed');
    assert.equal(failureText(event.failure), error);
  }
});

test('the extensions that the server announces are read', () => {
  const session = new ClientSession({ heloName: 'client.example.org' });
  session.receive(Buffer.from('220-mx1.example.com\u0007 ESMTP\r\n220 mx2\r\n'));
  assert.equal(session.extensions.size, undefined);
  session.receive(
    Buffer.from(
      '250-mx1\r\n250-SIZE  52428800\r\n250-StartTLS\r\n250-chunking\r\n250-ENHANCEDSTATUSCODES\r\n250 \r\n',
    ),
  );
  assert.deepEqual(session.extensions, {
    pipelining: false,
    size: 52428800,
    eightBitMime: false,
    smtpUtf8: false,
    dsn: false,
    chunking: true,
    startTls: true,
    enhancedStatusCodes: true,
    mtPriority: false,
    requireTls: false,
    etrn: false,
    xverp: false,
    xforward: [],
    auth: [],
  });
});

test('begin at the wrong time is an error of the caller', () => {
  const session = new ClientSession({ heloName: 'client.example.org' });
  assert.throws(() => session.begin(transactionOf()), { code: 'SMTP_CLIENT_STATE' });
  assert.throws(() => new ClientSession({ heloName: 'a\r\nRSET' }), RangeError);
  assert.throws(() => new ClientSession({ heloName: '' }), RangeError);
});

for (const cut of ['in one chunk', 'in two chunks']) {
  test(`bytes in clear behind the reply to STARTTLS end the session before any of them counts, ${cut}`, () => {
    for (const injected of ['250 injected\r\n', '2', '\r\n', '250-mx\r\n250 DSN\r\n']) {
      for (const tls of ['want', 'must'] as const) {
        const session = new ClientSession({ heloName: 'client.example.org', tls });
        session.receive(Buffer.from('220 mx\r\n'));
        session.receive(Buffer.from('250-mx\r\n250 STARTTLS\r\n'));
        session.takeOutput();
        if (cut === 'in one chunk') session.receive(Buffer.from(`220 go\r\n${injected}`));
        else {
          session.receive(Buffer.from('220 go\r\n'));
          assert.deepEqual(session.next(), { kind: 'handshake' });
          session.receive(Buffer.from(injected));
        }
        const text = `protocol error: ${injected.length} bytes in clear after the server had agreed to use TLS`;
        assert.deepEqual(session.next(), {
          kind: 'failed',
          failure: { kind: 'broken', during: 'STARTTLS', text },
          permanent: false,
        });
        assert.deepEqual(session.next(), { kind: 'close' });
        assert.equal(session.takeOutput(), undefined);
        // A handshake that ends after all changes nothing.
        session.secured();
        assert.equal(session.phase, 'closed');
        assert.equal(session.takeOutput(), undefined);
      }
    }
  });
}

test('the session says why it is in clear', () => {
  const declined = (answer: string): Declined | undefined => {
    const session = new ClientSession({ heloName: 'client.example.org', tls: 'want' });
    session.receive(Buffer.from('220 mx\r\n'));
    for (const reply of answer.split('|')) session.receive(Buffer.from(reply));
    assert.equal(session.phase, 'idle');
    return session.tlsDeclined;
  };
  assert.deepEqual(declined('250 mx\r\n'), {
    reason: 'the server does not offer STARTTLS',
    isForNow: false,
  });
  const refused = (reply: string) => declined(`250-mx\r\n250 STARTTLS\r\n|${reply}\r\n`);
  assert.deepEqual(refused('454 4.7.0 broken "now"'), {
    reason: `the server refused STARTTLS: "454 4.7.0 broken 'now'"`,
    isForNow: true,
  });
  assert.equal(refused('554 5.7.0 never')?.isForNow, false);
});
