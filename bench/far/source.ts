// A client that keeps several transactions on the way on one connection: as the generator of the benchmarks it shows what a server, a distance
// or a sink allows. It expects that everything is accepted, and fails otherwise.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * How it sends. `waiting`: one transaction after the other, MAIL, RCPT and DATA in one group. `data`: the next group goes with the end of
 * the content (RFC 2920 3.1). `bdat`: a whole transaction is one group, and `depth` of them are on the way (RFC 3030).
 */
export type SourceKind = 'waiting' | 'data' | 'bdat';

export interface SourceOptions {
  readonly kind: SourceKind;
  /** Transactions on the way with `bdat`. */
  readonly depth: number;
  /** Octets of each message, header included. */
  readonly sizeBytes: number;
  /** The address that it connects from; the system's choice unless told. */
  readonly from?: string;
}

const commands = 'MAIL FROM:<sender@bench.test>\r\nRCPT TO:<recipient@destination.test>\r\n';

/** A message of so many octets whose lines need no dot-stuffing. */
function message(sizeBytes: number): string {
  const header = 'From: <sender@bench.test>\r\nTo: <recipient@destination.test>\r\nSubject: bench\r\n\r\n';
  const line = `${'x'.repeat(78)}\r\n`;
  const bodyBytes = Math.max(2, sizeBytes - header.length);
  return `${header}${line.repeat(Math.ceil(bodyBytes / line.length)).slice(0, bodyBytes - 2)}\r\n`;
}

/** A reply that must come next, and what it causes. */
interface Expected {
  readonly code: string;
  readonly effect?: () => void;
}

const none = (): boolean => false;
const ok: Expected = { code: '250' };

export class Source {
  readonly #socket: Socket;
  readonly #kind: SourceKind;
  readonly #depth: number;
  /** The group MAIL, RCPT, DATA; the content with its end; both in the order in which they follow each other. */
  readonly #data = Buffer.from(`${commands}DATA\r\n`);
  readonly #content: Buffer;
  readonly #contentAndData: Buffer;
  /** MAIL, RCPT, and BDAT with the content. */
  readonly #chunk: Buffer;
  readonly #goAhead: Expected = { code: '354', effect: () => this.#sendContent() };
  readonly #taken: Expected = { code: '250', effect: () => this.#onTheWay-- };
  #expected: Expected[] = [];
  #text = '';
  #onTheWay = 0;
  #take: () => boolean = none;
  #done: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  private constructor(socket: Socket, { kind, depth, sizeBytes }: SourceOptions) {
    this.#socket = socket;
    this.#kind = kind;
    this.#depth = depth;
    const content = message(sizeBytes);
    this.#content = Buffer.from(`${content}.\r\n`);
    this.#contentAndData = Buffer.concat([this.#content, this.#data]);
    this.#chunk = Buffer.from(`${commands}BDAT ${content.length} LAST\r\n${content}`);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the server closed the connection')));
  }

  /** Connects, and says EHLO. */
  static async open(port: number, options: SourceOptions): Promise<Source> {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(options.from !== undefined && { localAddress: options.from }),
    });
    await once(socket, 'connect');
    const source = new Source(socket, options);
    await source.#exchange('', '220');
    await source.#exchange('EHLO source.test\r\n', '250');
    return source;
  }

  /**
   * Sends messages until `take` says that there is no other one; resolves when all are answered.
   * @throws {Error} when a reply is not the one that accepts
   */
  async send(take: () => boolean): Promise<void> {
    this.#take = take;
    await this.#until(() => this.#fill());
  }

  async quit(): Promise<void> {
    await this.#exchange('QUIT\r\n', '221');
    this.#socket.destroy();
  }

  #exchange(command: string, code: string): Promise<void> {
    return this.#until(() => {
      this.#expected.push({ code });
      if (command !== '') this.#socket.write(command);
    });
  }

  /** Begins something, and waits until no reply is expected any more. */
  async #until(begin: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#done = resolve;
    this.#failed = reject;
    begin();
    if (this.#expected.length === 0) resolve();
    try {
      await promise;
    } finally {
      this.#done = this.#failed = undefined;
    }
  }

  /** Sends what may be on the way besides what is. */
  #fill(): void {
    if (this.#kind !== 'bdat') {
      if (this.#onTheWay > 0 || !this.#take()) return;
      this.#socket.write(this.#data);
      this.#expectData();
      return;
    }
    const groups: Buffer[] = [];
    while (this.#onTheWay < this.#depth && this.#take()) {
      this.#onTheWay++;
      groups.push(this.#chunk);
      this.#expected.push(ok, ok, this.#taken);
    }
    if (groups.length > 0) this.#socket.write(groups.length === 1 ? groups[0]! : Buffer.concat(groups));
  }

  #expectData(): void {
    this.#onTheWay++;
    this.#expected.push(ok, ok, this.#goAhead);
  }

  #sendContent(): void {
    const hasNext = this.#kind === 'data' && this.#take();
    this.#socket.write(hasNext ? this.#contentAndData : this.#content);
    this.#expected.push(this.#taken);
    if (hasNext) this.#expectData();
  }

  #read(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text;
    let begin = 0;
    let met = 0;
    for (let end = 0; (end = this.#text.indexOf('\r\n', begin)) !== -1; begin = end + 2) {
      // RFC 5321 4.2.1: a hyphen after the code says that more lines follow.
      if (this.#text[begin + 3] === '-') continue;
      const expected = this.#expected[met++];
      if (expected === undefined || !this.#text.startsWith(expected.code, begin)) {
        this.#failed?.(new Error(`the server said ${this.#text.slice(begin, end)}`));
        this.#socket.destroy();
        return;
      }
      expected.effect?.();
    }
    this.#text = this.#text.slice(begin);
    this.#expected.splice(0, met);
    this.#fill();
    if (this.#expected.length === 0) this.#done?.();
  }
}
