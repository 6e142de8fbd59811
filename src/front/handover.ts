// One message on its way through a front end: what a receiver asks of a store, it asks of this. MAIL and RCPT go to a central server as soon as a
// recipient is accepted here, and its answers are the answers. Promises: nothing is kept; a message counts as taken only after the server has
// said so for the whole of it; when it is aborted in the middle, the connection is cut, so that the server takes nothing.

import type { Envelope, EnvelopeRecipient } from '../message/envelope.ts';
import type { RemoteReply } from '../protocol/smtp/client/client-types.ts';
import { mailCommand, pathKind, rcptCommand } from '../protocol/smtp/client/commands.ts';
import { DotStuffer } from '../protocol/smtp/client/dot-stuffer.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import {
  type Appended,
  type LargeContent,
  type NewMessage,
  nowhere,
  type SpoolWriter,
} from '../spool/types.ts';
import type { CentreLine } from './centre-line.ts';
import { asRefusal, FrontError, lost } from './front-error.ts';

/** Larger content goes by DATA: some servers hang on large chunks. */
const mostChunkBytes = 64 * 1024;
const crlf = Buffer.from('\r\n');

const tooLarge: Reply = {
  code: 552,
  enhanced: '5.3.4',
  text: 'Message is larger than can be examined here',
};
const notPassable: Reply = {
  code: 553,
  enhanced: '5.6.7',
  text: 'The central server does not take addresses outside ASCII',
};
const noVerp: Reply = { code: 451, enhanced: '4.3.5', text: 'The central server does not offer XVERP' };
const noTls: Reply = { code: 554, enhanced: '5.7.30', text: 'REQUIRETLS is not supported on the next hop' };

/** Where connections come from, and where they go after a message. */
export interface LineSource {
  /** @throws {FrontError} */
  take(): Promise<{ readonly line: CentreLine; readonly isFresh: boolean }>;
  give(line: CentreLine): void;
}

/** MAIL, as far as a front end passes it on. */
export interface HandedMail {
  readonly reversePath: string;
  /** As the client has announced it; 0: it has not. */
  readonly sizeBytes: number;
  readonly body: '7BIT' | '8BITMIME';
  readonly smtpUtf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | undefined;
  readonly envelopeId: string | undefined;
  readonly priority: number | undefined;
  readonly requireTls: boolean;
  readonly verp: string | undefined;
}

export class Handover implements SpoolWriter {
  readonly failure = undefined;
  /** May content be passed on before all of it is there? Then nothing may change in what was passed on. */
  mayStream = false;
  /** What the central server has answered for each recipient; one for all of them in SMTP. */
  verdicts: readonly RemoteReply[] = [];
  readonly #source: LineSource;
  readonly newQueueId: () => string;
  #line: CentreLine | undefined;
  /** MAIL as it was accepted; empty: there is no transaction. */
  #mail = '';
  #passed: string[] = [];
  #isAborted = false;
  #isInContent = false;

  constructor(source: LineSource, newQueueId: () => string) {
    this.#source = source;
    this.newQueueId = newQueueId;
  }

  hasRoom(): boolean {
    return true;
  }

  /** The central server that has the message; undefined before one has. */
  get server(): CentreLine['server'] | undefined {
    return this.#line?.server;
  }

  /** Asks for a recipient. @returns the reply that accepts it. @throws {FrontError} with the reply that refuses it */
  async recipient(mail: HandedMail, recipient: EnvelopeRecipient): Promise<RemoteReply> {
    if (this.#mail === '') return this.#begin(mail, recipient);
    const line = this.#line;
    if (line === undefined) throw new FrontError(lost);
    return this.#accepted(recipient, await line.ask(rcptText(line, mail, recipient), 'RCPT'));
  }

  /** Hands a whole message over. @throws {FrontError} */
  async append({ envelope, prefix, content }: NewMessage): Promise<Appended> {
    const line = await this.#prepared(envelope);
    const pieces = prefix === undefined ? content : [prefix, ...content];
    const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    if (line.extensions.chunking && sizeBytes <= mostChunkBytes) {
      const last = pieces.at(-1) ?? crlf;
      const end = last.at(-1) === 0x0a ? [] : [crlf];
      const length = sizeBytes + (end.length === 0 ? 0 : crlf.length);
      const chunk = Buffer.concat([Buffer.from(`BDAT ${length} LAST\r\n`), ...pieces, ...end]);
      return this.#judged(line, this.#final(line, chunk), sizeBytes);
    }
    const stuffer = await this.#beginData(line);
    for (const piece of pieces) await line.write(stuffer.dotStuff(piece));
    return this.#judged(line, this.#final(line, stuffer.endOfData()), sizeBytes);
  }

  openLarge(): Promise<LargeContent> {
    return Promise.reject(new FrontError(tooLarge));
  }

  /**
   * Begins to pass a message on whose content is still coming.
   * @param prefix - header fields that stand before the content
   * @throws {FrontError}
   */
  async stream(envelope: Envelope, prefix: Uint8Array): Promise<LargeContent> {
    if (!this.mayStream) throw new FrontError(tooLarge);
    const line = await this.#prepared(envelope);
    const stuffer = await this.#beginData(line);
    await line.write(stuffer.dotStuff(prefix));
    let sizeBytes = 0;
    return {
      get sizeBytes() {
        return sizeBytes;
      },
      write: (piece) => {
        sizeBytes += piece.length;
        return line.write(stuffer.dotStuff(piece));
      },
      commit: () => this.#judged(line, this.#final(line, stuffer.endOfData()), prefix.length + sizeBytes),
      read: () => {
        throw new FrontError(tooLarge);
      },
      abort: () => {
        this.abort();
        return Promise.resolve();
      },
    };
  }

  /** The message is not to be taken. */
  abort(): void {
    this.#isAborted = true;
    const line = this.#line;
    this.#line = undefined;
    if (line === undefined) return;
    // In the middle of content, no command can be said: the server must not take a part for the whole.
    if (this.#isInContent || !line.isUsable) line.close('the client has given up');
    else if (this.#mail === '') this.#source.give(line);
    else
      line.ask('RSET', 'RSET').then(
        ({ code }) => (code === 250 ? this.#source.give(line) : line.quit()),
        () => undefined,
      );
  }

  close(): Promise<void> {
    this.abort();
    return Promise.resolve();
  }

  async #begin(mail: HandedMail, recipient: EnvelopeRecipient): Promise<RemoteReply> {
    for (let isAgain = false; ; isAgain = true) {
      const { line, isFresh } =
        this.#line === undefined ? await this.#source.take() : { line: this.#line, isFresh: true };
      if (this.#isAborted) {
        this.#source.give(line);
        throw new FrontError(lost, 'the client has gone');
      }
      this.#line = line;
      try {
        return await this.#say(line, mail, recipient);
      } catch (error) {
        // The server may have closed a connection just when it was used again; it has heard of no recipient.
        if (isFresh || isAgain || line.isUsable || this.#mail !== '') throw error;
        this.#line = undefined;
      }
    }
  }

  async #say(line: CentreLine, mail: HandedMail, recipient: EnvelopeRecipient): Promise<RemoteReply> {
    const [mailText, rcpt] = [mailTextOf(line, mail), rcptText(line, mail, recipient)];
    let asked: Promise<RemoteReply> | undefined;
    const replied = line.extensions.pipelining
      ? line.send(Buffer.from(`${mailText}${rcpt}\r\n`, 'utf8'), 'MAIL')
      : line.send(Buffer.from(mailText, 'utf8'), 'MAIL');
    if (line.extensions.pipelining) {
      asked = line.oneMore('RCPT');
      asked.catch(() => undefined);
    }
    const reply = await replied;
    if (reply.code !== 250) {
      // A server that has said 421 closes: what counts is what it has said, and it says nothing of a recipient any more.
      await asked?.catch(() => undefined);
      if (reply.code === 421) line.close('it answered 421 to MAIL');
      throw new FrontError(asRefusal(reply));
    }
    this.#mail = mailText;
    return this.#accepted(recipient, await (asked ?? line.ask(rcpt, 'RCPT')));
  }

  #accepted({ address }: EnvelopeRecipient, reply: RemoteReply): RemoteReply {
    if (reply.code !== 250 && reply.code !== 251) throw new FrontError(asRefusal(reply));
    this.#passed.push(address);
    return reply;
  }

  /** The server knows sender and recipients as they are now: stages may have changed them since. */
  async #prepared(envelope: Envelope): Promise<CentreLine> {
    const { reversePath, body, smtpUtf8, ret, envelopeId, priority, tlsDemand, verp } = envelope;
    const requireTls = tlsDemand === 'requiretls';
    const mail = { reversePath, sizeBytes: 0, body, smtpUtf8, ret, envelopeId, priority, requireTls, verp };
    const wanted = envelope.recipients.map(({ address }) => address);
    const line = this.#line;
    if (line === undefined || !line.isUsable) throw new FrontError(lost, 'the connection was lost');
    const isSame =
      wanted.length === this.#passed.length &&
      wanted.every((address, index) => address === this.#passed[index]) &&
      sameMail(this.#mail, mailTextOf(line, mail));
    if (isSame) return line;
    if (this.#mail !== '') {
      const reset = await line.ask('RSET', 'RSET');
      if (reset.code !== 250) throw new FrontError(lost, 'RSET was refused');
    }
    this.#mail = '';
    this.#passed = [];
    for (const recipient of envelope.recipients) await this.recipient(mail, recipient);
    return line;
  }

  async #beginData(line: CentreLine): Promise<DotStuffer> {
    const reply = await line.ask('DATA', 'DATA');
    if (reply.code !== 354) throw new FrontError(asRefusal(reply));
    this.#isInContent = true;
    return new DotStuffer();
  }

  /** Sends the end of the message. In LMTP, there is a reply for each recipient (RFC 2033 4.2). */
  #final(line: CentreLine, bytes: Uint8Array): Promise<RemoteReply[]> {
    this.#isInContent = true;
    const replies = [line.send(bytes, 'content')];
    if (line.server.kind === 'lmtp')
      while (replies.length < this.#passed.length) replies.push(line.oneMore('content'));
    return Promise.all(replies);
  }

  async #judged(line: CentreLine, replies: Promise<RemoteReply[]>, sizeBytes: number): Promise<Appended> {
    const verdicts = await replies;
    this.#isInContent = false;
    this.#mail = '';
    this.verdicts = verdicts;
    this.#line = undefined;
    this.#source.give(line);
    const temporary = verdicts.find(({ code }) => code < 200 || (code >= 300 && code < 500));
    const refused = verdicts.filter(({ code }) => code < 200 || code >= 300);
    // One answer for all: the client brings the message again, for those who have it already, too, and nobody is left out.
    if (temporary !== undefined) throw new FrontError(asRefusal(temporary));
    const [refusal] = refused;
    if (refusal !== undefined && refused.length === verdicts.length) throw new FrontError(asRefusal(refusal));
    if (refusal !== undefined) throw new FrontError(lost, 'the server has taken it for some recipients only');
    return { ref: nowhere, sizeBytes };
  }
}

/** Without SIZE, which is known better after the content than before. */
function sameMail(one: string, other: string): boolean {
  return one.replace(/ SIZE=\d+/, '') === other.replace(/ SIZE=\d+/, '');
}

/** With its CRLF. @throws {FrontError} when it cannot be passed on */
function mailTextOf({ extensions }: CentreLine, mail: HandedMail): string {
  const { reversePath, sizeBytes, smtpUtf8, requireTls, verp } = mail;
  if (requireTls) throw new FrontError(noTls);
  if (verp !== undefined && !extensions.xverp) throw new FrontError(noVerp);
  const kind = pathKind(reversePath);
  if (kind === 'unsafe' || (kind === 'utf8' && !extensions.smtpUtf8)) throw new FrontError(notPassable);
  const size = sizeBytes === 0 ? undefined : extensions.size;
  const transaction = { ...mail, recipients: [] };
  return mailCommand(transaction, { ...extensions, size }, smtpUtf8 && extensions.smtpUtf8);
}

/** Without its CRLF. @throws {FrontError} when it cannot be passed on */
function rcptText(
  { extensions }: CentreLine,
  { smtpUtf8 }: HandedMail,
  recipient: EnvelopeRecipient,
): string {
  const kind = pathKind(recipient.address);
  if (kind === 'unsafe' || (kind === 'utf8' && !extensions.smtpUtf8)) throw new FrontError(notPassable);
  return rcptCommand(recipient, extensions, smtpUtf8 && extensions.smtpUtf8).trimEnd();
}
