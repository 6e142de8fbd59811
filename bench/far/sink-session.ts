// One SMTP session of the far sink: it takes every message and throws it away. It answers pipelined commands in order (RFC 2920),
// reads BDAT chunks (RFC 3030), also those of a transaction that it has refused, and returns the replies instead of sending them.

const endOfContent = Buffer.from('\r\n.\r\n');
/** The CRLF that begins `endOfContent` may be that of DATA. */
const emptyContent = endOfContent.subarray(2);
const lineFeed = 10;
const carriageReturn = 13;

/** What the session reads next. */
type Reading =
  | { readonly kind: 'commands' }
  /** The content after DATA, up to its final dot. */
  | { readonly kind: 'content'; isAtStart: boolean }
  /** A chunk of so many octets that are still to come. */
  | { readonly kind: 'chunk'; left: number; readonly isLast: boolean };

const commands: Reading = { kind: 'commands' };

/** The transaction: MAIL was taken, and so many RCPT; `chunks` after its first BDAT; `refused` after a BDAT was refused. */
type Transaction = 'none' | 'open' | 'chunks' | 'refused';

export class SinkSession {
  readonly #extensions: readonly string[];
  readonly #taken: () => void;
  #reading: Reading = commands;
  #transaction: Transaction = 'none';
  #recipients = 0;
  #rest: Buffer | undefined;
  /** The replies to the last step of `read`. */
  #reply = '';
  hasQuit = false;

  /**
   * @param extensions - EHLO keywords
   * @param taken - called for every message, before its 250 is returned
   */
  constructor(extensions: readonly string[], taken: () => void) {
    this.#extensions = extensions;
    this.#taken = taken;
  }

  /** Reads what arrived, and returns the replies to it. */
  read(bytes: Buffer): string {
    let rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    let replies = '';
    while (rest.length > 0 && !this.hasQuit) {
      const used: number = this.#step(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
      replies += this.#reply;
      this.#reply = '';
    }
    // A few bytes must not keep the memory of the whole read. Of the content only its end matters.
    if (rest.length === 0) this.#rest = undefined;
    else if (this.#reading.kind === 'content')
      this.#rest = Buffer.from(rest.subarray(-endOfContent.length + 1));
    else this.#rest = Buffer.from(rest);
    return replies;
  }

  /** Reads one command, chunk or content, or a part of it; returns the number of bytes used, 0 when more must come. */
  #step(bytes: Buffer): number {
    const reading = this.#reading;
    switch (reading.kind) {
      case 'commands': {
        const end = bytes.indexOf(lineFeed);
        if (end === -1) return 0;
        const length = end > 0 && bytes[end - 1] === carriageReturn ? end - 1 : end;
        this.#reply = this.#command(bytes.toString('latin1', 0, length));
        return end + 1;
      }
      case 'content': {
        if (reading.isAtStart && bytes.length < emptyContent.length) return 0;
        const isEmpty = reading.isAtStart && bytes.indexOf(emptyContent) === 0;
        reading.isAtStart = false;
        const end = isEmpty ? emptyContent.length : bytes.indexOf(endOfContent) + endOfContent.length;
        if (end < endOfContent.length && !isEmpty) return 0;
        this.#reading = commands;
        this.#reply = this.#take();
        return end;
      }
      case 'chunk': {
        const used = Math.min(bytes.length, reading.left);
        reading.left -= used;
        if (reading.left === 0) this.#reply = this.#chunkRead(reading.isLast);
        return used;
      }
    }
  }

  #command(line: string): string {
    switch (line.slice(0, 4).toUpperCase()) {
      case 'MAIL':
        // RFC 5321 4.1.4: no MAIL within a transaction.
        if (this.#transaction !== 'none') return '503 5.5.1 A transaction is open\r\n';
        this.#transaction = 'open';
        return '250 2.1.0 Ok\r\n';
      case 'RCPT':
        if (this.#transaction !== 'open') return '503 5.5.1 MAIL first\r\n';
        this.#recipients++;
        return '250 2.1.5 Ok\r\n';
      case 'DATA':
        // RFC 3030 2: no DATA after BDAT in one transaction. RFC 2920 3.1: DATA without a recipient fails.
        if (this.#transaction !== 'open' || this.#recipients === 0) return '503 5.5.1 RCPT first\r\n';
        this.#reading = { kind: 'content', isAtStart: true };
        return '354 Go ahead\r\n';
      case 'BDAT':
        return this.#beginChunk(line);
      case 'RSET':
        this.#endTransaction();
        return '250 2.0.0 Ok\r\n';
      case 'EHLO':
      case 'HELO':
        this.#endTransaction();
        return this.#greet(line);
      case 'QUIT':
        this.hasQuit = true;
        return '221 2.0.0 Bye\r\n';
      case 'NOOP':
        return '250 2.0.0 Ok\r\n';
      default:
        return '500 5.5.2 Unknown command\r\n';
    }
  }

  #beginChunk(line: string): string {
    const parts = /^BDAT (\d+)( LAST)?\s*$/iu.exec(line);
    if (parts === null) return '501 5.5.4 BDAT SIZE [LAST]\r\n';
    const left = Number(parts[1]);
    const isLast = parts[2] !== undefined;
    if (left === 0) return this.#chunkRead(isLast);
    this.#reading = { kind: 'chunk', left, isLast };
    return '';
  }

  /** RFC 3030 2: the reply comes after the chunk, which is read in any case; after a refusal RSET must come. */
  #chunkRead(isLast: boolean): string {
    this.#reading = commands;
    if (this.#recipients === 0 || this.#transaction === 'none' || this.#transaction === 'refused') {
      this.#transaction = 'refused';
      return '503 5.5.1 RCPT first\r\n';
    }
    if (isLast) return this.#take();
    this.#transaction = 'chunks';
    return '250 2.0.0 Ok\r\n';
  }

  #take(): string {
    this.#endTransaction();
    this.#taken();
    return '250 2.0.0 Ok\r\n';
  }

  #endTransaction(): void {
    this.#transaction = 'none';
    this.#recipients = 0;
  }

  #greet(line: string): string {
    const names =
      line.slice(0, 4).toUpperCase() === 'HELO' ? ['far.test'] : ['far.test', ...this.#extensions];
    return names.map((name, i) => `250${i === names.length - 1 ? ' ' : '-'}${name}\r\n`).join('');
  }
}
