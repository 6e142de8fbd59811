// The message that a filter makes, line by line. Promises: no more of it is held in memory than its header and some pieces; its body goes where a
// new body goes while it comes.

import type { NewBody } from '../stage.ts';
import { type LineSink, mostLineBytes } from './filter-process.ts';

const mostHeaderBytes = 512 * 1024;
/** Pieces of the body are of this size. */
const pieceBytes = 64 * 1024;
/** So much may wait for the disk before the filter has to. */
const mostWaitingBytes = mostLineBytes;

export class RewrittenMessage implements LineSink {
  /** Has it sent anything? */
  hasBegun = false;
  /** When it has sent something last: counts the lines. */
  lineCount = 0;
  readonly whenEnded: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #newBody: () => NewBody;
  readonly #onRoom: () => void;
  #header: string[] = [];
  #headerBytes = 0;
  #body: NewBody | undefined;
  #lines: string[] = [];
  #lineBytes = 0;
  #waitingBytes = 0;
  #written: Promise<void> = Promise.resolve();
  #isOver = false;

  /** @param onRoom - called when more may come, after `take` has said that it should not */
  constructor(newBody: () => NewBody, onRoom: () => void) {
    this.#newBody = newBody;
    this.#onRoom = onRoom;
    this.whenEnded = this.#ended.promise;
    // It may be that nobody waits for it any more.
    this.whenEnded.catch(() => undefined);
  }

  /** The header, with CRLF, without the empty line behind it. */
  get header(): Buffer {
    return Buffer.from(this.#header.map((line) => `${line}\r\n`).join(''), 'latin1');
  }

  get body(): NewBody | undefined {
    return this.#body;
  }

  take(sent: string): boolean {
    if (this.#isOver) return false;
    this.hasBegun = true;
    this.lineCount++;
    if (sent === '.') {
      this.#finish();
      return false;
    }
    // RFC 5321 4.5.2.
    const line = sent.startsWith('.') ? sent.slice(1) : sent;
    if (this.#body === undefined) this.#takeHeader(line);
    else {
      this.#lines.push(line);
      this.#lineBytes += line.length + 2;
      if (this.#lineBytes >= pieceBytes) this.#flush();
    }
    return this.#waitingBytes > mostWaitingBytes;
  }

  failed(error: Error): void {
    this.#isOver = true;
    this.#ended.reject(error);
  }

  discard(): void {
    this.#isOver = true;
    this.#body?.discard();
  }

  #takeHeader(line: string): void {
    if (line === '') this.#beginBody();
    else {
      this.#header.push(line);
      this.#headerBytes += line.length + 2;
      if (this.#headerBytes > mostHeaderBytes)
        this.failed(new Error(`it made a header of more than ${mostHeaderBytes} bytes`));
    }
  }

  #beginBody(): void {
    try {
      this.#body = this.#newBody();
    } catch (error) {
      this.failed(error as Error);
    }
  }

  #flush(): void {
    const piece = Buffer.from(this.#lines.map((line) => `${line}\r\n`).join(''), 'latin1');
    this.#lines = [];
    this.#lineBytes = 0;
    this.#waitingBytes += piece.length;
    this.#written = this.#written.then(async () => {
      if (this.#isOver) return;
      try {
        await this.#body?.write(piece);
      } catch (error) {
        this.failed(error as Error);
      }
      const wasFull = this.#waitingBytes > mostWaitingBytes;
      this.#waitingBytes -= piece.length;
      if (wasFull && this.#waitingBytes <= mostWaitingBytes) this.#onRoom();
    });
  }

  #finish(): void {
    // A message without an empty line has no body.
    if (this.#body === undefined) this.#beginBody();
    this.#flush();
    void this.#written.then(() => this.#ended.resolve());
  }
}
