// The server side of QMQP and QMTP without I/O. A message comes with its content first. When it is complete, it goes the way of a message of
// SMTP: this session says its envelope and content to the session of SMTP that it is, and its client hears what the replies come to.
//
// - QMQP: one verdict. The message is taken for all of its recipients or for none; where both answers are there, `temporary` counts, since
//   a client that comes again may hear better of all.
// - QMTP: one verdict for each recipient, in their order.

import { Buffer } from 'node:buffer';
import { InputQueue } from '../smtp/server/input-queue.ts';
import { ServerSession } from '../smtp/server/server-session.ts';
import type {
  Leniency,
  ServerEvent,
  ServerPhase,
  ServerSessionOptions,
} from '../smtp/server/server-types.ts';
import type { HeldContent } from './held-content.ts';
import { packageSender, pathOf } from './package-path.ts';
import { PackageReader } from './package-reader.ts';
import { badRecipient, badSender, ended, noRecipients, notStored, verdictOf } from './own-verdicts.ts';
import { type SaidReply, SmtpReplies } from './smtp-replies.ts';
import { type Verdict, writeVerdict } from './verdict.ts';

/** A client with more recipients in one message is no client. Those beyond `maxRecipients` are answered, and not kept. */
const mostRecipients = 10_000;
const quit: ServerEvent = { kind: 'quit' };

/** What the replies that are on their way are to. */
type Command = 'hello' | 'mail' | 'content' | 'reset' | { readonly recipient: number };

export class PackageServerSession extends ServerSession {
  readonly #protocol: 'qmqp' | 'qmtp';
  readonly #options: ServerSessionOptions;
  readonly #defaultDomain: string;
  readonly #helo: string;
  readonly #client: InputQueue;
  readonly #content: HeldContent;
  readonly #reader: PackageReader;
  readonly #replies = new SmtpReplies();
  /** Commands without replies, oldest first. */
  #commands: Command[] = [];
  #output: Uint8Array[] = [];
  #state: 'greeting' | 'reading' | 'envelope' | 'content' | 'closing' | 'closed' = 'greeting';
  #isReadingContent = false;
  #sender: string | undefined;
  #recipients: (string | undefined)[] = [];
  #verdicts: (Verdict | undefined)[] = [];
  #isTooLarge = false;

  /**
   * @param input - what the client sends
   * @param content - keeps the content of the message that is coming
   * @param helo - what takes the place of the name in HELO
   */
  constructor(
    protocol: 'qmqp' | 'qmtp',
    options: ServerSessionOptions,
    leniency: Leniency,
    input: InputQueue,
    content: HeldContent,
    helo: string,
  ) {
    // All clients of QMQP may hand in mail of any sender.
    super(options, protocol === 'qmqp' ? { ...leniency, xverp: true } : leniency, new InputQueue());
    this.#protocol = protocol;
    this.#options = options;
    this.#defaultDomain = leniency.defaultDomain;
    this.#client = input;
    this.#content = content;
    this.#helo = helo;
    this.#reader = new PackageReader(protocol, mostRecipients);
  }

  override get phase(): ServerPhase {
    return this.#isReadingContent && super.phase === 'command' ? 'content' : super.phase;
  }

  override receive(chunk: Uint8Array): void {
    if (super.phase !== 'closed') this.#client.push(chunk);
  }

  override next(): ServerEvent | undefined {
    for (;;) {
      const event = super.next();
      this.#takeReplies();
      if (event?.kind === 'close') this.#close();
      if (event !== undefined) return event;
      // Only when all commands are answered, it is known what follows.
      if (this.awaitingAnswer || super.phase === 'greeting') return undefined;
      if (this.#state === 'content' && this.#giveContent()) continue;
      if (this.#commands.length > 0 || super.phase === 'closed') return undefined;
      if (this.#state === 'greeting') this.#greeted();
      else if (this.#state === 'closing') {
        this.#state = 'closed';
        return quit;
      } else if (this.#state === 'closed') return undefined;
      else if (this.#state === 'reading') {
        if (!this.#read()) return undefined;
      } else this.#goOn();
    }
  }

  override takeOutput(): Uint8Array | undefined {
    this.#takeReplies();
    if (this.#output.length === 0) return undefined;
    const output = Buffer.concat(this.#output);
    this.#output = [];
    return output;
  }

  /** The client has gone. */
  gone(): void {
    this.#state = 'closed';
    this.#content.discard();
  }

  #greeted(): void {
    this.#say(`EHLO ${this.#helo}`, 'hello');
    this.#state = 'reading';
  }

  #say(line: string, command: Command): void {
    this.#commands.push(command);
    super.receive(Buffer.from(`${line}\r\n`));
  }

  /** @returns false when more bytes are needed, or the content has to be waited for */
  #read(): boolean {
    if (this.#content.isBusy) return false;
    switch (this.#reader.next(this.#client)) {
      case 'none':
        return false;
      case 'content':
        this.#begin();
        return true;
      case 'piece':
        if (!this.#isTooLarge) this.#content.add(this.#reader.piece);
        return true;
      case 'sender':
        this.#isReadingContent = false;
        this.#sender = this.#reader.address;
        return true;
      case 'recipient':
        this.#addRecipient(this.#reader.address);
        return true;
      case 'end':
        this.#complete();
        return true;
      case 'malformed':
        this.refuse({ code: 500, enhanced: '5.5.2', text: `Malformed ${this.#protocol.toUpperCase()}` });
        return true;
    }
  }

  #begin(): void {
    const { maxMessageBytes } = this.#options;
    this.#isReadingContent = true;
    this.#recipients = [];
    this.#verdicts = [];
    this.#isTooLarge = maxMessageBytes > 0 && this.#reader.contentBytes > maxMessageBytes;
    this.#content.begin();
  }

  #addRecipient(address: string | undefined): void {
    // RFC 5321 4.5.3.1.10: the client of QMTP sends the others again; one of QMQP cannot divide a message.
    const isOneTooMany = this.#recipients.length >= this.#options.maxRecipients;
    const [kind, status] =
      this.#protocol === 'qmqp' ? (['permanent', '5.5.3'] as const) : (['temporary', '4.5.3'] as const);
    this.#recipients.push(isOneTooMany ? undefined : address);
    this.#verdicts.push(isOneTooMany ? { kind, enhanced: status, text: 'Too many recipients' } : undefined);
  }

  /** All of the message is here: says its envelope. */
  #complete(): void {
    const { sizeBytes, is8Bit, isTooLarge, isFailed } = this.#content.end();
    const { address, parameter } = packageSender(this.#sender, this.#protocol);
    const sender = this.#pathOf(address, true);
    this.#state = 'envelope';
    if (isFailed) return this.#answerAll(notStored);
    if (this.#recipients.length === 0) return this.#answerAll(noRecipients);
    if (sender === undefined) return this.#answerAll(badSender);
    const size = this.#isTooLarge || isTooLarge ? this.#options.maxMessageBytes + 1 : sizeBytes;
    const paths = this.#recipients.map((each) => this.#pathOf(each, false));
    // RFC 6531 3.5: an address outside ASCII needs the extension.
    const utf8 = [sender, ...paths].some((path) => path !== undefined && /[^\0-\x7f]/u.test(path));
    const body = is8Bit ? ' BODY=8BITMIME' : '';
    this.#say(`MAIL FROM:<${sender}> SIZE=${size}${body}${utf8 ? ' SMTPUTF8' : ''}${parameter}`, 'mail');
    for (const [index, path] of paths.entries()) {
      if (this.#verdicts[index] !== undefined) continue;
      if (path === undefined) this.#verdicts[index] = badRecipient;
      else this.#say(`RCPT TO:<${path}>`, { recipient: index });
    }
  }

  /** @returns undefined for what is no path: it never becomes a part of a command */
  #pathOf(address: string | undefined, isSender: boolean): string | undefined {
    if (address === undefined) return undefined;
    const domain = this.#defaultDomain === '' ? {} : { defaultDomain: this.#defaultDomain };
    return pathOf(address, {
      allowUtf8: true,
      allowNull: isSender,
      allowPostmaster: !isSender,
      ...domain,
    });
  }

  /** All commands so far are answered. */
  #goOn(): void {
    if (this.#state === 'content' || !this.inTransaction) return this.#finish();
    const isAnyTaken = this.#verdicts.includes(undefined);
    const isAnyRefused = this.#verdicts.some((verdict) => verdict !== undefined);
    if (!isAnyTaken || (this.#protocol === 'qmqp' && isAnyRefused)) {
      this.#say('RSET', 'reset');
      return;
    }
    this.#state = 'content';
    this.#say(`BDAT ${this.#content.sizeBytes} LAST`, 'content');
  }

  /** @returns whether there was a piece that could be given now */
  #giveContent(): boolean {
    const piece = this.#content.next();
    if (this.#content.hasFailed) {
      this.refuse({ code: 421, enhanced: '4.3.0', text: notStored.text });
      return true;
    }
    if (piece === undefined) return false;
    super.receive(piece);
    return true;
  }

  #takeReplies(): void {
    const bytes = super.takeOutput();
    if (bytes === undefined) return;
    for (const reply of this.#replies.read(bytes)) {
      if (reply.code === 220) continue;
      this.#replied(this.#commands.shift(), reply);
    }
  }

  #replied(command: Command | undefined, reply: SaidReply): void {
    const verdict = verdictOf(reply);
    const isTaken = verdict.kind === 'taken';
    switch (command) {
      case 'mail':
        if (!isTaken) this.#answerAll(verdict);
        break;
      case 'content':
        this.#answerAll(verdict);
        break;
      case 'hello':
      case 'reset':
        break;
      case undefined:
        // The session ends, and this is why.
        if (!isTaken) this.#answerAll(verdict);
        break;
      default:
        if (!isTaken) this.#verdicts[command.recipient] ??= verdict;
    }
  }

  /** Of those that have no verdict. */
  #answerAll(verdict: Verdict): void {
    for (const index of this.#recipients.keys()) this.#verdicts[index] ??= verdict;
    if (this.#recipients.length === 0) this.#verdicts = [verdict];
  }

  /** The message is answered. */
  #finish(): void {
    this.#content.discard();
    this.#state = this.#protocol === 'qmqp' ? 'closing' : 'reading';
    this.#writeVerdicts();
  }

  #close(): void {
    if (this.#state === 'envelope' || this.#state === 'content') {
      this.#answerAll(ended);
      this.#writeVerdicts();
    }
    this.#state = 'closed';
    this.#content.discard();
  }

  #writeVerdicts(): void {
    const given = this.#verdicts.filter((verdict) => verdict !== undefined);
    const whole =
      given.find(({ kind }) => kind === 'temporary') ??
      given.find(({ kind }) => kind === 'permanent') ??
      given[0];
    if (this.#protocol === 'qmqp') this.#output.push(writeVerdict(whole ?? ended));
    else
      for (const index of this.#recipients.keys())
        this.#output.push(writeVerdict(this.#verdicts[index] ?? ended));
    this.#recipients = [];
    this.#verdicts = [];
  }
}
