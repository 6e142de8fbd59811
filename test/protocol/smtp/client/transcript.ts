// Plays written SMTP dialogues against a ClientSession. Lines of a dialogue:
//   `S: ...` a line of the server (neighbouring ones arrive in one chunk), `C: ...` a line that the client must write,
//   `C: (content)` for content behind BDAT,
//   `E: ...` an event that must come, `! ...` a call of the shell. What is played is compared as text with what is written.

import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import {
  ClientSession,
  type ClientEvent,
  type ClientSessionOptions,
  type ClientTransaction,
  type RecipientOutcome,
} from '../../../../src/protocol/smtp/client/client-session.ts';
import type { ClientLogin } from '../../../../src/protocol/smtp/client/login-types.ts';
import { clientMechanism, type ClientMechanismName } from '../../../../src/sasl/client/client-mechanisms.ts';
import { ScramClient } from '../../../../src/sasl/client/scram-client.ts';
import { failureText } from '../../../../src/protocol/smtp/client/reply-text.ts';

export type Input =
  | { readonly kind: 'server'; readonly bytes: Buffer }
  | { readonly kind: 'call'; readonly call: string };

export interface Dialogue {
  readonly name: string;
  readonly options?: Partial<ClientSessionOptions>;
  readonly transaction?: Partial<ClientTransaction>;
  readonly text: string;
}

export function transactionOf(part: Partial<ClientTransaction> = {}): ClientTransaction {
  return {
    reversePath: 'sender@example.org',
    recipients: [{ address: 'user@example.com' }],
    sizeBytes: 1000,
    body: '7BIT',
    smtpUtf8: false,
    ...part,
  };
}

export function lines(dialogue: Dialogue): string[] {
  return dialogue.text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The inputs of a dialogue: server bytes and calls. */
export function inputsOf(dialogue: Dialogue): Input[] {
  const inputs: Input[] = [];
  let neighbours = false;
  for (const line of lines(dialogue)) {
    const last = inputs.at(-1);
    if (line.startsWith('S: ')) {
      const bytes = Buffer.from(`${line.slice(3)}\r\n`);
      if (neighbours && last?.kind === 'server') {
        inputs[inputs.length - 1] = { kind: 'server', bytes: Buffer.concat([last.bytes, bytes]) };
      } else inputs.push({ kind: 'server', bytes });
      neighbours = true;
    } else {
      neighbours = false;
      if (line.startsWith('! ')) inputs.push({ kind: 'call', call: line.slice(2) });
    }
  }
  return inputs;
}

function outcomeText(outcome: RecipientOutcome): string {
  return `${outcome.recipient} ${outcome.result} (${wordsOf(outcome)})`;
}

/** What was said, or went wrong. */
function wordsOf(outcome: RecipientOutcome): string {
  if (outcome.result !== 'delivered') return failureText(outcome.failure);
  const { code, enhanced, lines } = outcome.reply;
  return `${code} ${enhanced} ${lines.join(' ')}`;
}

export function eventText(event: ClientEvent): string {
  switch (event.kind) {
    case 'done':
      return `done, ${event.reusable ? 'reusable' : 'not reusable'}: ${event.outcomes.map(outcomeText).join(', ')}`;
    case 'failed':
      return `failed, ${event.permanent ? 'permanent' : 'temporary'}: ${failureText(event.failure)}`;
    default:
      return event.kind;
  }
}

/** RFC 7677 3. */
const user = 'user';
const password = 'pencil';
const nonce = 'rOprNGfwEbeRWgbNEkqO';

/** A log-in as `user` by these mechanisms; `SCRAM-SHA-256` has the nonce of RFC 7677. */
function loginOf(names: readonly string[]): ClientLogin {
  const facts = { user, secret: password, host: 'mx.example.com', port: 587, binding: undefined };
  return {
    mechanisms: names.map((name) =>
      name === 'SCRAM-SHA-256'
        ? { name, begin: () => new ScramClient(user, { kind: 'none' }, () => nonce) }
        : clientMechanism(name as ClientMechanismName, facts),
    ),
    allowed: `the log-in allows ${names.length === 0 ? 'none' : names.join(', ')}`,
    secrets: [password],
  };
}

/** A session that keeps all its events and output. */
export class Player {
  readonly session: ClientSession;
  readonly events: ClientEvent[] = [];
  output = '';
  readonly #transaction: ClientTransaction;
  begun = 0;

  constructor(dialogue: Pick<Dialogue, 'options' | 'transaction'>) {
    this.session = new ClientSession({ heloName: 'client.example.org', ...dialogue.options });
    // TLS before the greeting is asked for at once, which no line of a dialogue causes.
    if (dialogue.options?.tls === 'implicit') assert.deepEqual(this.session.next(), { kind: 'handshake' });
    this.#transaction = transactionOf(dialogue.transaction);
  }

  get recipients(): number {
    return this.#transaction.recipients.length;
  }

  play(input: Input): void {
    if (input.kind === 'server') this.receive(input.bytes);
    else this.call(input.call);
  }

  receive(bytes: Uint8Array): void {
    // The caller's chunk is overwritten after the call, as a shared read buffer would be.
    const chunk = Uint8Array.from(bytes);
    this.session.receive(chunk);
    chunk.fill(0x58);
    this.drain();
  }

  call(call: string): void {
    const [name = '', ...rest] = call.split(' ');
    const argument = rest.join(' ');
    if (name === 'begin') {
      this.begun++;
      const isChunk = this.session.begin(this.#transaction, argument === 'followed');
      this.drain();
      // The shell writes it at once.
      if (isChunk) this.output += '(content)\r\n';
    } else if (name === 'contentSent') this.session.contentSent();
    else if (name === 'contentFailed') this.session.contentFailed(argument);
    else if (name === 'quit') this.session.quit();
    else if (name === 'disconnected') this.session.disconnected(argument);
    else if (name === 'timedOut') this.session.timedOut();
    else if (name === 'secured') this.session.secured();
    else if (name === 'logIn') this.session.login.begin(loginOf(rest));
    else if (name === 'derived') this.session.login.derived(this.#saltedPassword());
    else if (name === 'loginFailed') this.session.login.failed(argument);
    else if (name === 'tlsFailed') this.session.tlsFailed(argument, '4.7.5');
    else throw new Error(`no such call: ${call}`);
    this.drain();
  }

  /** What the last event `derive` asked for. */
  #saltedPassword(): Uint8Array {
    const asked = this.events.findLast((event) => event.kind === 'derive');
    return asked === undefined
      ? new Uint8Array(32)
      : pbkdf2Sync(password, asked.salt, asked.iterations, 32, 'sha256');
  }

  drain(): void {
    for (let event = this.session.next(); event !== undefined; event = this.session.next()) {
      this.events.push(event);
    }
    const output = this.session.takeOutput();
    if (output !== undefined) this.output += Buffer.from(output).toString('utf8');
  }
}

/** Plays a dialogue and writes down what happened, in the form of the dialogue. */
export function transcript(dialogue: Dialogue): string[] {
  const player = new Player(dialogue);
  const written: string[] = [];
  for (const input of inputsOf(dialogue)) {
    if (input.kind === 'call') written.push(`! ${input.call}`);
    else {
      for (const line of input.bytes.toString('utf8').split('\r\n').slice(0, -1)) written.push(`S: ${line}`);
    }
    const seenEvents = player.events.length;
    const seenOutput = player.output.length;
    player.play(input);
    for (const event of player.events.slice(seenEvents)) written.push(`E: ${eventText(event)}`);
    for (const line of player.output.slice(seenOutput).split('\r\n').slice(0, -1))
      written.push(`C: ${line}`.trimEnd());
  }
  return written;
}
