// One connection to a central server, which speaks SMTP (RFC 5321) or LMTP (RFC 2033). Promises: each command ends with one reply, or with an
// error when the connection is lost, answers out of step, or is silent for too long; memory is bounded, since the writer waits for `drained`.

import type { OnReadOpts, Socket } from 'node:net';
import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { Dial } from '../io/dial.ts';
import type { RemoteReply, RepliedCommand } from '../protocol/smtp/client/client-types.ts';
import { noExtensions, parseExtensions, type ServerExtensions } from '../protocol/smtp/client/extensions.ts';
import { ReplyParser } from '../protocol/smtp/client/reply-parser.ts';
import type { CentreServer } from '../values/centre-server.ts';
import { FrontError, lost, unreachable } from './front-error.ts';
import type { FrontSettings, ToldClient } from './types.ts';
import { offeredXclient, xclientCommand } from './xclient.ts';

const maxReplyBytes = 16 * 1024;
/** All connections of a process read into this buffer: what is not a whole reply is copied. */
const readBuffer = Buffer.allocUnsafe(16 * 1024);

type LineSettings = Pick<FrontSettings, 'connectTimeoutMs' | 'ioTimeoutMs' | 'heloName'>;

export interface LineParts {
  readonly dial: Dial;
  readonly deadlines: Deadlines;
  /** It is closed. */
  readonly onClosed: (line: CentreLine) => void;
}

interface Awaited extends PromiseWithResolvers<RemoteReply> {
  readonly command: RepliedCommand;
}

export class CentreLine implements Deadline {
  readonly server: CentreServer;
  extensions: ServerExtensions = noExtensions;
  /** What it was told of a client, for whom alone it may be used from then on; undefined: nothing. */
  told: string | undefined;
  atMs = Infinity;
  bucket = -1;
  readonly #settings: LineSettings;
  readonly #parts: LineParts;
  readonly #parser = new ReplyParser(maxReplyBytes);
  readonly #awaited: Awaited[] = [];
  readonly #socket: Socket;
  #lines: readonly string[] = [];
  #drained: (() => void) | undefined;
  #isClosed = false;
  #isGreeted = false;

  private constructor(server: CentreServer, settings: LineSettings, parts: LineParts) {
    this.server = server;
    this.#settings = settings;
    this.#parts = parts;
    const onread: OnReadOpts = {
      buffer: readBuffer,
      callback: (count, buffer) => {
        this.#received(buffer.subarray(0, count));
        return true;
      },
    };
    this.#socket = parts.dial(server.endpoint, { source: '', onread });
    this.#socket.on('drain', () => this.#goOn());
    this.#socket.on('error', (error) => this.close(error.message));
    this.#socket.on('end', () => this.close('the server closed the connection'));
    this.#socket.on('close', () => this.close('the connection was closed'));
  }

  /** Connects, and waits for the greeting and the answer to EHLO or LHLO. @throws {FrontError} when the server cannot be used */
  static async open(server: CentreServer, settings: LineSettings, parts: LineParts): Promise<CentreLine> {
    const line = new CentreLine(server, settings, parts);
    parts.deadlines.set(line, settings.connectTimeoutMs);
    const greeting = await line.#next('connect');
    if (greeting.code !== 220) throw line.#unusable(greeting);
    await line.#hello();
    line.#isGreeted = true;
    return line;
  }

  get isUsable(): boolean {
    return !this.#isClosed && this.#awaited.length === 0;
  }

  /** Our own address in this connection; empty for a Unix-domain socket. */
  get ownAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** Has it offered XCLIENT to this host? */
  get canBeTold(): boolean {
    return offeredXclient(this.#lines).has('ADDR');
  }

  /** Tells of a client. @returns the reply that refuses it; undefined: it is welcome. @throws {FrontError} */
  async tell(client: ToldClient): Promise<RemoteReply | undefined> {
    const offered = offeredXclient(this.#lines);
    const reply = await this.ask(xclientCommand(client, this.ownAddress, offered), 'connect');
    if (reply.code !== 220) {
      this.close('XCLIENT was refused');
      return reply;
    }
    await this.#hello();
    return undefined;
  }

  /** Sends a command without its CRLF. @throws {FrontError} when there will be no reply */
  ask(command: string, named: RepliedCommand): Promise<RemoteReply> {
    return this.send(Buffer.from(`${command}\r\n`, 'utf8'), named);
  }

  /** Sends what is answered by one reply. @throws {FrontError} when there will be no reply */
  send(bytes: Uint8Array, named: RepliedCommand): Promise<RemoteReply> {
    if (this.#isClosed) return Promise.reject(new FrontError(lost, 'the connection is closed'));
    const reply = this.#next(named);
    this.#socket.write(bytes);
    return reply;
  }

  /** One more reply to what was sent, as LMTP has them (RFC 2033 4.2). @throws {FrontError} */
  oneMore(named: RepliedCommand): Promise<RemoteReply> {
    return this.#isClosed
      ? Promise.reject(new FrontError(lost, 'the connection is closed'))
      : this.#next(named);
  }

  /** Writes a part of the content. Resolves when the next part may be written. @throws {FrontError} when the connection is lost */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosed) throw new FrontError(lost, 'the connection is closed');
    let goesOn = true;
    this.#socket.cork();
    for (const piece of pieces) goesOn = this.#socket.write(piece);
    this.#socket.uncork();
    if (goesOn) return;
    this.#parts.deadlines.set(this, this.#settings.ioTimeoutMs);
    await new Promise<void>((resolve) => (this.#drained = resolve));
    if (this.#isClosed) throw new FrontError(lost, 'the connection was lost while the message was sent');
    this.#parts.deadlines.clear(this);
  }

  /** Says goodbye and closes. */
  quit(): void {
    if (this.#isClosed) return;
    this.#socket.end('QUIT\r\n');
    this.close('the session is over', true);
  }

  /** Closes at once: a message that is under way is not taken. @param isOrderly - what was written is still sent */
  close(why: string, isOrderly = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.deadlines.clear(this);
    this.#parser.discard();
    if (isOrderly) this.#socket.destroySoon();
    else this.#socket.destroy();
    this.#goOn();
    const error = new FrontError(this.#isGreeted ? lost : unreachable, why);
    for (const { reject } of this.#awaited.splice(0)) reject(error);
    this.#parts.onClosed(this);
  }

  expired(): void {
    this.close(this.#isGreeted ? 'it was silent for too long' : 'it has not greeted in time');
  }

  async #hello(): Promise<void> {
    const verb = this.server.kind === 'lmtp' ? 'LHLO' : 'EHLO';
    const reply = await this.ask(`${verb} ${this.#settings.heloName}`, verb);
    if (reply.code !== 250) throw this.#unusable(reply);
    this.extensions = parseExtensions(this.#lines, undefined);
  }

  #unusable({ code, lines }: RemoteReply): FrontError {
    const why = `it answered ${code} ${lines.join(' ')}`;
    this.close(why);
    return new FrontError(unreachable, why);
  }

  #next(command: RepliedCommand): Promise<RemoteReply> {
    const awaited: Awaited = { ...Promise.withResolvers<RemoteReply>(), command };
    this.#awaited.push(awaited);
    if (this.#isGreeted) this.#parts.deadlines.set(this, this.#settings.ioTimeoutMs);
    return awaited.promise;
  }

  #received(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#parser.push(bytes);
    while (!this.#isClosed && this.#parser.next()) {
      const awaited = this.#awaited.shift();
      if (awaited === undefined) return this.close('it has sent a reply to no command');
      if (awaited.command === 'EHLO' || awaited.command === 'LHLO') this.#lines = this.#parser.lines();
      awaited.resolve(this.#parser.reply(awaited.command));
      if (!this.#isGreeted) continue;
      if (this.#awaited.length === 0) this.#parts.deadlines.clear(this);
      else this.#parts.deadlines.set(this, this.#settings.ioTimeoutMs);
    }
    if (!this.#isClosed && this.#parser.error !== '') this.close(this.#parser.error);
  }

  #goOn(): void {
    this.#drained?.();
    this.#drained = undefined;
  }
}
