// Drives a POP3 session in tests: passes chunks to it, answers its events from a mailbox in memory, and records what happened.

import { Buffer } from 'node:buffer';
import { OctetCount } from '../../../src/protocol/pop3/message-lines.ts';
import { Pop3Session } from '../../../src/protocol/pop3/server-session.ts';
import type { Maildrop, Pop3Event, Pop3SessionOptions } from '../../../src/protocol/pop3/server-types.ts';

export const usualOptions: Pop3SessionOptions = {
  greeting: 'mx.example ready',
  implementation: 'Test',
  logins: { clear: ['PLAIN'], secure: ['SCRAM-SHA-256-PLUS', 'PLAIN', 'EXTERNAL'] },
  offersTls: true,
  loginDelaySeconds: 0,
  maxErrors: 0,
};

/** Three messages, of which the second one has to be measured. */
export const usualMessages: readonly string[] = [
  'Subject: one\n\n.dot\n',
  'Subject: two\r\n\r\nbody\r\nmore\r\n',
  'Subject: three\n\nno end',
];

export interface Drive {
  /** One line an event. */
  readonly events: readonly string[];
  readonly output: string;
  readonly session: Pop3Session;
}

export interface DriveParts {
  readonly options?: Partial<Pop3SessionOptions>;
  readonly messages?: readonly string[];
  /** Numbers of messages that are gone. */
  readonly gone?: readonly number[];
  /** Why nothing could be removed. */
  readonly problem?: string;
  /** Bytes that a message is read by. */
  readonly pieceBytes?: number;
}

function octetsOf(text: string): number {
  const count = new OctetCount();
  count.add(Buffer.from(text));
  return count.octets;
}

class Drop implements Maildrop {
  readonly messages: readonly string[];
  readonly measured = new Set<number>();

  constructor(messages: readonly string[]) {
    this.messages = messages;
  }

  get count(): number {
    return this.messages.length;
  }

  sizeOf(number: number): number | undefined {
    if (number === 2 && !this.measured.has(2)) return undefined;
    return octetsOf(this.messages[number - 1] ?? '');
  }

  uidOf(number: number): string {
    return `uid${number}`;
  }
}

/** Runs a session from its greeting to the end of the chunks; chunks as text are UTF-8. */
export function drive(chunks: readonly (string | Uint8Array)[], parts: DriveParts = {}): Drive {
  const session = new Pop3Session({ ...usualOptions, ...parts.options });
  const drop = new Drop(parts.messages ?? usualMessages);
  const events: string[] = [];
  const pieces: Uint8Array[] = [];
  const pump = (): void => {
    for (;;) {
      const event = session.next();
      if (event !== undefined) {
        events.push(textOf(event));
        answer(session, event, drop, parts);
        continue;
      }
      const output = session.takeOutput();
      if (output === undefined) return;
      pieces.push(Buffer.from(output));
    }
  };
  session.greet();
  pump();
  for (const chunk of chunks) {
    session.receive(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    pump();
  }
  return { events, output: Buffer.concat(pieces).toString(), session };
}

function textOf(event: Pop3Event): string {
  return JSON.stringify(event, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
}

/** `joe` with the password `a b` may log in, and by PLAIN in one or two steps. */
function answer(session: Pop3Session, event: Pop3Event, drop: Drop, parts: DriveParts): void {
  switch (event.kind) {
    case 'password':
      if (event.login === 'joe' && event.password === 'a b') session.opened(drop);
      else if (event.login === 'banned') session.end('Too often', 'SYS/TEMP');
      else session.refuse('Wrong', 'AUTH');
      break;
    case 'auth':
      if (event.response === undefined) session.challenge(Buffer.from('go'));
      else session.opened(drop);
      break;
    case 'response':
      session.opened(drop);
      break;
    case 'stls':
      session.startTls();
      session.secured({ isBindable: false, isIdentified: true });
      break;
    case 'measure':
      drop.measured.add(2);
      session.measured();
      break;
    case 'message': {
      if (parts.gone?.includes(event.number) === true) {
        session.refuse('It is gone');
        break;
      }
      const content = Buffer.from(drop.messages[event.number - 1] ?? '');
      session.begin(event.lines, drop.sizeOf(event.number));
      const by = parts.pieceBytes ?? 1000;
      for (let at = 0; at < content.length && session.content(content.subarray(at, at + by)); at += by);
      session.done();
      break;
    }
    case 'update':
      session.updated(parts.problem ?? '');
      break;
    case 'unauthenticated':
    case 'close':
      break;
  }
}
