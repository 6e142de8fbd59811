// Drives a server session in tests: passes chunks to it, answers its events, and records what happened.

import { Buffer } from 'node:buffer';
import type {
  Leniency,
  Reply,
  ServerEvent,
  ServerSessionOptions,
} from '../../../../src/protocol/smtp/server/server-types.ts';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';

/** All but VRFY. */
export const usualExtensions = {
  pipelining: true,
  chunking: true,
  smtpUtf8: true,
  eightBitMime: true,
  dsn: true,
  size: true,
  vrfy: false,
  mtPriority: true,
};

export const usualOptions: ServerSessionOptions = {
  hostname: 'mx.example',
  maxMessageBytes: 0,
  maxRecipients: 100,
  maxErrors: 0,
  maxCommandLineBytes: 2048,
  maxTextLineBytes: 0,
  maxTransactions: 0,
  bareNewlines: 'refuse',
  extensions: usualExtensions,
};

/** Answers an event: a reply refuses, a text accepts with it, undefined accepts. */
export type Answers = (event: ServerEvent) => Reply | string | undefined;

export interface Drive {
  /** One line an event; pieces of content that follow each other are joined into one. */
  readonly events: readonly string[];
  /** Everything that was sent, as Latin-1. */
  readonly output: string;
  readonly session: ServerSession;
}

/** Runs a session from greeting to the end of the chunks; chunks as text are Latin-1. */
export function drive(
  chunks: readonly (string | Uint8Array)[],
  options: Partial<ServerSessionOptions> = {},
  answers: Answers = () => undefined,
  leniency?: Leniency,
): Drive {
  const session = new ServerSession({ ...usualOptions, ...options }, leniency);
  session.greet();
  const events: string[] = [];
  let output = '';
  let content: Buffer[] = [];
  const flushContent = (): void => {
    if (content.length > 0)
      events.push(`content ${JSON.stringify(Buffer.concat(content).toString('latin1'))}`);
    content = [];
  };
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'content') {
        content.push(Buffer.from(event.bytes));
      } else {
        flushContent();
        events.push(describe(event));
      }
      if (session.awaitingAnswer) answer(session, answers(event));
      if (session.phase === 'handshake') session.secured();
      output += Buffer.from(session.takeOutput() ?? []).toString('latin1');
    }
    output += Buffer.from(session.takeOutput() ?? []).toString('latin1');
  };
  pump();
  for (const chunk of chunks) {
    session.receive(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
    pump();
  }
  flushContent();
  return { events, output, session };
}

function answer(session: ServerSession, given: Reply | string | undefined): void {
  if (typeof given === 'object') session.reject(given);
  else session.accept(given);
}

function describe(event: ServerEvent): string {
  switch (event.kind) {
    case 'hello':
      return `${event.extended ? 'ehlo' : 'helo'} ${event.name}`;
    case 'mail':
      return `mail <${event.reversePath}>${nonDefault(event.params, { sizeBytes: 0, body: '7BIT', smtpUtf8: false })}`;
    case 'rcpt':
      return `rcpt <${event.forwardPath}>${nonDefault(event.params, {})}`;
    case 'vrfy':
      return `vrfy ${event.argument}`;
    default:
      return event.kind;
  }
}

function nonDefault(params: object, defaults: Record<string, unknown>): string {
  const given = Object.entries(params).filter(([key, value]) => defaults[key] !== value);
  return given.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(given))}`;
}

/** The reply codes of an output, one a reply, with the enhanced code if there is one. */
export function codes(output: string): string[] {
  return output
    .split('\r\n')
    .filter((line) => /^\d{3} /.test(line))
    .map((line) => /^\d{3}(?: \d\.\d+\.\d+)?/.exec(line)?.[0] ?? '');
}

/** Everything that a session does with these bytes and that must not depend on how they are cut. */
export function outcome(
  chunks: readonly Uint8Array[],
  options: Partial<ServerSessionOptions> = {},
  answers?: Answers,
): unknown {
  const { events, output, session } = drive(chunks, options, answers);
  const { phase, inTransaction, bufferedBytes } = session;
  return { events, output, phase, inTransaction, bufferedBytes };
}

/** Cuts bytes at the given positions. */
export function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const position of [...positions].sort((a, b) => a - b)) {
    chunks.push(bytes.subarray(from, position));
    from = position;
  }
  chunks.push(bytes.subarray(from));
  return chunks;
}
