// A session goes on while its messages wait for stable storage: replies keep their order (RFC 2920 3.2), are those that a client gets
// which waits for each of them, and memory stays bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { LaterAnswer } from '../../../../src/protocol/smtp/server/later-answer.ts';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import type {
  Leniency,
  Reply,
  ServerSessionOptions,
} from '../../../../src/protocol/smtp/server/server-types.ts';
import { cut, usualOptions } from './drive.ts';

const frontEnd: Leniency = { oddCommands: false, defaultDomain: '', xclient: true };

/** A session whose messages are answered when the test says so. */
class Storing {
  readonly session: ServerSession;
  readonly events: string[] = [];
  output = '';
  /** Messages that wait, with the number that each has. */
  readonly waiting: { readonly number: number; readonly answer: LaterAnswer }[] = [];
  #messages = 0;

  constructor(options: Partial<ServerSessionOptions> = {}, leniency?: Leniency) {
    this.session = new ServerSession({ ...usualOptions, ...options }, leniency);
    this.session.greet();
    this.pump();
  }

  receive(text: string | Uint8Array): void {
    this.session.receive(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    this.pump();
  }

  /** Answers one of the messages that wait. @param refuses - which numbers get the refusal */
  answer(index: number, refuses: (number: number) => Reply | undefined = () => undefined): void {
    const [{ number, answer } = assert.fail('no message waits')] = this.waiting.splice(index, 1);
    const refusal = refuses(number);
    if (refusal === undefined) answer.accept(`queued as ${number}`);
    else answer.reject(refusal);
    this.pump();
  }

  pump(): void {
    const { session } = this;
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind !== 'content') this.events.push(event.kind);
      if (event.kind === 'end')
        this.waiting.push({ number: ++this.#messages, answer: session.answerLater() });
      else if (event.kind === 'xclient') session.restart(usualOptions, frontEnd);
      else if (session.awaitingAnswer) session.accept();
      if (session.phase === 'handshake') {
        this.takeOutput();
        session.secured();
      }
    }
    this.takeOutput();
  }

  takeOutput(): void {
    this.output += Buffer.from(this.session.takeOutput() ?? []).toString('latin1');
  }

  /** The codes of the replies since the last call; lines of one reply count once. */
  codes(): string {
    const codes = [...this.output.matchAll(/^(\d{3}) /gm)].map(([, code]) => code);
    this.output = '';
    return codes.join(' ');
  }
}

const group = (n: number): string => `MAIL FROM:<a${n}@b>\r\nRCPT TO:<c@d>\r\nBDAT 3 LAST\r\nx\r\n`;

test('the replies of the next message wait for the answer to the one before', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}${group(2)}MAIL FROM:<a@b>\r\n`);
  assert.equal(session.waiting.length, 2);
  assert.equal(session.codes(), '220 250 250 250');
  session.answer(1);
  assert.equal(session.codes(), '');
  session.answer(0);
  assert.equal(session.codes(), '250 250 250 250 250');
});

test('354 waits for the answer to the message before', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n`);
  assert.equal(session.session.phase, 'content');
  assert.equal(session.codes(), '220 250 250 250');
  session.answer(0);
  assert.equal(session.codes(), '250 250 250 354');
});

for (const [name, last, codes] of [
  ['221 to QUIT', 'QUIT\r\n', '250 221'],
  ['421 after a request of HTTP', 'GET / HTTP/1.1\r\n', '250 421'],
  ['500 to a bare newline', 'NOOP\n', '250 500'],
] as const)
  test(`${name} ends the session only when all messages are answered`, () => {
    const session = new Storing();
    session.receive(`EHLO c\r\n${group(1)}`);
    session.codes();
    session.receive(last);
    assert.equal(session.events.at(-1), 'end');
    assert.equal(session.session.isWaiting, true);
    session.receive('NOOP\r\n');
    session.answer(0);
    assert.equal(session.codes(), codes);
    assert.match(session.events.at(-1) ?? '', /^(?:quit|close)$/);
  });

test('a shutdown waits for the messages that are not answered, and takes no further one', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}${group(2)}`);
  session.codes();
  session.session.shutdown();
  session.receive(group(3));
  assert.equal(session.waiting.length, 2);
  session.answer(0);
  session.answer(0, () => ({ code: 452, enhanced: '4.3.1', text: 'Full' }));
  assert.equal(session.codes(), '250 250 250 452 421');
  assert.equal(session.events.at(-1), 'close');
});

test('STARTTLS is carried out only when all messages are answered, and not with something behind it', () => {
  const starttls = { startTls: 'offered' } as const;
  const session = new Storing(starttls);
  session.receive(`EHLO c\r\n${group(1)}STARTTLS\r\n`);
  assert.equal(session.events.at(-1), 'end');
  session.codes();
  session.answer(0);
  assert.equal(session.codes(), '250 220');
  assert.deepEqual(session.events.slice(-2), ['end', 'starttls']);
  session.receive(`EHLO c\r\n${group(2)}`);
  session.answer(0);
  assert.equal(session.codes(), '250 250 250 250');

  const attacked = new Storing(starttls);
  attacked.receive(`EHLO c\r\n${group(1)}STARTTLS\r\n`);
  attacked.receive('MAIL FROM:<evil@b>\r\n');
  attacked.codes();
  attacked.answer(0);
  assert.equal(attacked.codes(), '250 421');
  assert.deepEqual(attacked.events.slice(-2), ['end', 'close']);
});

test('XCLIENT is carried out only when all messages of the client before are answered', () => {
  const session = new Storing({}, frontEnd);
  session.receive(`EHLO c\r\nXCLIENT ADDR=192.0.2.1\r\nEHLO c\r\n${group(1)}XCLIENT ADDR=192.0.2.2\r\n`);
  assert.equal(session.events.filter((event) => event === 'xclient').length, 1);
  session.codes();
  session.answer(0);
  assert.equal(session.codes(), '250 220');
  assert.equal(session.events.at(-1), 'xclient');
});

test('an answer is encoded for the session as it was at the end of the message', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}HELO c\r\n${group(2)}`);
  session.output = '';
  session.answer(0);
  session.answer(0);
  assert.match(session.output, /^250 2\.0\.0 queued as 1\r\n250 mx\.example\r\n250 Sender ok\r\n/);
  assert.match(session.output, /\r\n250 queued as 2\r\n$/);
});

test('LMTP answers a message once for each of its recipients, when it is stored', () => {
  const session = new Storing({ protocol: 'lmtp' });
  const message = (to: number): string =>
    `MAIL FROM:<a@b>\r\n${'RCPT TO:<c@d>\r\n'.repeat(to)}BDAT 3 LAST\r\nx\r\n`;
  session.receive(`LHLO c\r\n${message(3)}${message(2)}`);
  session.output = '';
  session.answer(1, () => ({ code: 451, enhanced: '4.3.0', text: 'No' }));
  session.answer(0);
  const ok = '250 2.0.0 queued as 1\r\n';
  const no = '451 4.3.0 No\r\n';
  assert.ok(session.output.startsWith(ok.repeat(3)));
  assert.ok(session.output.endsWith(`Recipient ok\r\n${no.repeat(2)}`));
});

test('a session does not go on for ever without an answer: messages', () => {
  const session = new Storing();
  session.receive('EHLO c\r\n');
  for (let n = 0; n < 1000; n++) session.receive(group(n));
  assert.equal(session.waiting.length, 128);
  assert.equal(session.session.isWaiting, true);
  assert.ok(session.session.bufferedBytes > 0);
  session.answer(1);
  assert.equal(session.waiting.length, 127, 'what is answered behind one that waits makes no room');
  session.answer(0);
  assert.equal(session.waiting.length, 128);
  while (session.waiting.length > 0) session.answer(0);
  assert.equal(session.session.bufferedBytes, 0);
  assert.equal(session.session.unanswered, 0);
});

test('a session does not go on for ever without an answer: replies', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}`);
  session.receive('NOOP\r\n'.repeat(5000));
  assert.equal(session.session.isWaiting, true);
  assert.equal(session.session.bufferedBytes, (5000 - 1023) * 6);
  session.answer(0);
  assert.equal(session.session.bufferedBytes, 0);
});

test('a session does not go on for ever without an answer: content', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 4000000 LAST\r\n`);
  const chunk = Buffer.alloc(64 * 1024, 'xxxxxxx\n');
  for (let i = 0; i < 40; i++) session.receive(chunk);
  const held = session.session.bufferedBytes;
  assert.ok(held >= 23 * chunk.length && held <= 25 * chunk.length, `${held}`);
  session.answer(0);
  assert.equal(session.session.bufferedBytes, 0);
});

test('a message is answered once, and by nothing permanent', () => {
  const session = new Storing();
  session.receive(`EHLO c\r\n${group(1)}`);
  const { answer } = session.waiting[0]!;
  for (const code of [250, 421, 550]) {
    assert.throws(() => answer.reject({ code, text: 'No' }), { code: 'SMTP_SESSION_MISUSE' });
  }
  answer.accept();
  assert.throws(() => answer.accept(), { code: 'SMTP_SESSION_MISUSE' });
  session.receive('MAIL FROM:<a@b>\r\n');
  const other = new ServerSession(usualOptions);
  assert.throws(() => other.answerLater(), { code: 'SMTP_SESSION_MISUSE' });
});

/** What a client sends before it waits for the reply. */
const units = [
  'EHLO c.example\r\n',
  'HELO c.example\r\n',
  'MAIL FROM:<a@b>\r\n',
  'MAIL FROM:<a@b> SMTPUTF8\r\n',
  'MAIL FROM:<bad\r\n',
  'RCPT TO:<c@d>\r\n',
  'RCPT TO:<e@f>\r\n',
  'RCPT TO:<bad\r\n',
  'BDAT 9 LAST\r\nx: y\r\n\r\n.',
  'BDAT 3\r\nx\r\n',
  'BDAT 0 LAST\r\n',
  'BDAT 2 LAST\r\nx\n',
  'BDAT 40 LAST\r\n1234567890123456789012345678901234567\r\n\n',
  'RSET\r\n',
  'NOOP\r\n',
  'VRFY a\r\n',
  'FOO\r\n',
  'STARTTLS\r\n',
  'XCLIENT ADDR=192.0.2.1\r\n',
  'QUIT\r\n',
  'NOOP\n',
];
const message = ['MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'BDAT 3 LAST\r\nx\r\n'];
const script = fc
  .array(
    fc.oneof(
      fc.constant(message),
      fc.constantFrom(...units).map((unit) => [unit]),
    ),
    {
      minLength: 1,
      maxLength: 25,
    },
  )
  .map((parts) => parts.flat());

/** Behind these, a client sends nothing before it has the reply. */
const isLast = (unit: string): boolean => unit.startsWith('STARTTLS') || unit.startsWith('XCLIENT');

const optionSets: readonly Partial<ServerSessionOptions>[] = [
  {},
  { startTls: 'offered' },
  { startTls: 'required' },
  { maxErrors: 3 },
  { maxTransactions: 2 },
  { maxMessageBytes: 20 },
  { bareNewlines: 'repair' },
  { protocol: 'lmtp' },
];

test('whatever the cuts and the order of commits, the replies are those to a client that waits for each', () => {
  let gained = 0;
  fc.assert(
    fc.property(
      script,
      fc.constantFrom(...optionSets),
      fc.boolean(),
      fc.array(fc.nat(3), { maxLength: 8 }),
      fc.array(fc.nat(2000), { maxLength: 10 }),
      fc.array(fc.nat(100), { minLength: 1, maxLength: 10 }),
      (given, options, isFrontEnd, refusedEvery, cuts, order) => {
        const hello = options.protocol === 'lmtp' ? 'LHLO c\r\n' : 'EHLO c\r\n';
        const lines = [hello, ...given];
        const leniency = isFrontEnd ? frontEnd : undefined;
        const refuses = (number: number): Reply | undefined =>
          refusedEvery.includes(number) ? { code: 452, enhanced: '4.3.1', text: 'Füll' } : undefined;

        const patient = new Storing(options, leniency);
        for (const line of lines) {
          patient.receive(line);
          while (patient.waiting.length > 0) patient.answer(0, refuses);
        }

        const eager = new Storing(options, leniency);
        let turn = 0;
        const answerOne = (): void =>
          eager.answer((order[turn++ % order.length] ?? 0) % eager.waiting.length, refuses);
        for (let from = 0; from < lines.length;) {
          const last = lines.findIndex((line, index) => index >= from && isLast(line));
          const to = last === -1 ? lines.length : last + 1;
          const stream = Buffer.from(lines.slice(from, to).join(''), 'latin1');
          for (const chunk of cut(
            stream,
            cuts.map((place) => place % (stream.length + 1)),
          )) {
            eager.receive(chunk);
            gained = Math.max(gained, eager.waiting.length);
            if (eager.waiting.length > 0 && (order[turn] ?? 0) % 3 === 0) answerOne();
          }
          if (to < lines.length) while (eager.waiting.length > 0) answerOne();
          from = to;
        }
        while (eager.waiting.length > 0) answerOne();
        assert.equal(eager.output, patient.output);
        assert.deepEqual(eager.events, patient.events);
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(gained > 2, 'sessions went on');
});

test('garbage between messages that wait breaks no promise', () => {
  const bytes = fc.oneof(
    fc.constantFrom(...message, ...units).map((unit) => Buffer.from(unit, 'latin1')),
    fc.uint8Array({ maxLength: 30 }).map((noise) => Buffer.from(noise)),
  );
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 30 }), fc.array(fc.nat(50)), (chunks, order) => {
      const session = new Storing();
      session.receive('EHLO c\r\n');
      for (const [index, chunk] of chunks.entries()) {
        session.receive(chunk);
        const { waiting } = session;
        assert.equal(session.session.unanswered >= waiting.length, true);
        if (waiting.length > 0 && index % 3 === 2) session.answer((order[index] ?? 0) % waiting.length);
      }
      while (session.waiting.length > 0) session.answer(session.waiting.length - 1);
      assert.match(session.output, /^(?:\d{3}[ -][^\r\n]*\r\n)*$/);
      assert.equal(session.session.unanswered, 0);
      assert.equal(session.session.bufferedBytes, 0);
      const last = session.events.findIndex((event) => event === 'quit' || event === 'close');
      assert.ok(last === -1 || last === session.events.length - 1);
    }),
    { numRuns: 2000 },
  );
});
