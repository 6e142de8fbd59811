// A server as RFC 5321, 2920 and 3030 want it, which answers as a plan says and keeps what it accepted; and, by quirks, servers that break
// in one way each. Bytes in, bytes out: it has no socket.

/** What to answer to a message, instead of accepting it: the first refusal is used once for each, if it is temporary. */
export interface Plan {
  readonly mail?: string | undefined;
  /** By the number of the recipient. */
  readonly rcpt?: readonly (string | undefined)[];
  readonly data?: string | undefined;
  readonly content?: string | undefined;
}

export type Quirk =
  /** Forgets whatever came together with the end of the content. */
  | 'swallows input behind content'
  /** Resets the connection when something comes together with the end of the content. */
  | 'resets at input behind content'
  /** Says that something came too early, and closes. */
  | 'refuses input behind content and closes'
  /** 421 to a MAIL that came together with the end of the content. */
  | '421 at input behind content'
  /** Refuses what came too early, and reads on. */
  | 'refuses input behind content'
  /** Keeps sender and recipients of a message whose content it refused. */
  | 'keeps what it refused'
  /** Keeps sender and recipients until the client is quiet for a moment, or says RSET. */
  | 'forgets a message late'
  /** Answers commands that came together with the end of the content before the content. */
  | 'answers out of order'
  /** No answer to any command that came together with the end of the content, nor to anything later. */
  | 'hangs at input behind content'
  /** Forgets whatever came together with the end of a message, by DATA or BDAT. */
  | 'swallows whole groups'
  /** Says 250 once more than it should, behind each message. */
  | 'says too much'
  /** Does not read the chunk of a BDAT that it refuses: takes it for commands. */
  | 'does not read refused chunks'
  /** Stops for ever when a chunk is large. */
  | 'stalls at large chunks'
  /** Offers CHUNKING, and does not know BDAT: takes the content for commands. */
  | 'does not know BDAT'
  /** Resets the connection at BDAT. */
  | 'resets at BDAT'
  /** 354 to DATA also without recipients (RFC 2920 3.1 allows for that). */
  | 'lets everybody send';

export interface Accepted {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: string;
}

export interface ModelOptions {
  readonly plans: readonly Plan[];
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly quirk?: Quirk | undefined;
}

/** Refusals of the plan that were used: temporary ones are said once. */
export type Said = Set<string>;

const largeChunk = 300;

export class ModelServer {
  readonly accepted: Accepted[];
  /** What it says. */
  output = '220 mx.test ESMTP\r\n';
  /** It has closed the connection. */
  isClosed = false;
  /** It has yet to forget a message, when the client is quiet. */
  isForgetful = false;
  readonly #options: ModelOptions;
  readonly #said: Said;
  #input = '';
  #hangs = false;
  #sender: string | undefined;
  #recipients: string[] = [];
  #mode: 'commands' | 'content' | { readonly chunk: number; readonly isLast: boolean } = 'commands';
  #chunks = '';

  constructor(options: ModelOptions, accepted: Accepted[], said: Said) {
    this.#options = options;
    this.accepted = accepted;
    this.#said = said;
  }

  receive(bytes: string): void {
    if (this.isClosed || this.#hangs) return;
    this.#input += bytes;
    while (!this.isClosed && !this.#hangs && this.#step());
  }

  /** The client is quiet, and waits. */
  quiet(): void {
    this.isForgetful = false;
    this.#forget();
  }

  #step(): boolean {
    const mode = this.#mode;
    if (mode === 'content') return this.#content();
    if (mode !== 'commands') return this.#chunk(mode.chunk, mode.isLast);
    const end = this.#input.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#input.slice(0, end);
    this.#input = this.#input.slice(end + 2);
    this.#command(line);
    return true;
  }

  #say(reply: string): void {
    this.output += `${reply}\r\n`;
  }

  /** What the plan refuses; undefined when it accepts. A temporary refusal is said once. */
  #refusal(refusal: string | undefined, what: string): string | undefined {
    if (refusal === undefined || refusal === '') return undefined;
    if (!refusal.startsWith('4')) return refusal;
    if (this.#said.has(what)) return undefined;
    this.#said.add(what);
    return refusal;
  }

  #command(line: string): void {
    const verb = line.split(' ', 1)[0]?.toUpperCase();
    const [, path = ''] = /<(.*?)>/.exec(line) ?? [];
    const [, number = ''] = /^[mr](\d+)/.exec(path) ?? [];
    const plan = this.#options.plans[Number(number)] ?? {};
    switch (verb) {
      case 'EHLO': {
        const { chunking, pipelining } = this.#options;
        const offers = ['8BITMIME', ...(pipelining ? ['PIPELINING'] : []), ...(chunking ? ['CHUNKING'] : [])];
        const lines = ['mx.test', ...offers];
        this.#say(lines.map((each, i) => `250${i === lines.length - 1 ? ' ' : '-'}${each}`).join('\r\n'));
        break;
      }
      case 'RSET':
        this.isForgetful = false;
        this.#forget();
        this.#say('250 2.0.0 forgotten');
        break;
      case 'MAIL': {
        const refusal = this.#sender === undefined ? this.#refusal(plan.mail, path) : '503 5.5.1 nested MAIL';
        if (refusal === undefined) this.#sender = path;
        this.#say(refusal ?? '250 2.1.0 ok');
        break;
      }
      case 'RCPT': {
        const [, which = ''] = /-(\d+)@/.exec(path) ?? [];
        const refusal =
          this.#sender === undefined
            ? '503 5.5.1 need MAIL'
            : this.#refusal(plan.rcpt?.[Number(which)], path);
        if (refusal === undefined) this.#recipients.push(path);
        this.#say(refusal ?? '250 2.1.5 ok');
        break;
      }
      case 'DATA':
        this.#data();
        break;
      case 'BDAT':
        this.#bdat(line);
        break;
      case 'QUIT':
        this.#say('221 bye');
        this.isClosed = true;
        break;
      default:
        this.#say('500 5.5.2 what?');
    }
  }

  get #plan(): Plan {
    const [, number = ''] = /^m(\d+)/.exec(this.#sender ?? '') ?? [];
    return this.#options.plans[Number(number)] ?? {};
  }

  #data(): void {
    const isAnybody = this.#sender !== undefined && this.#recipients.length > 0;
    const refusal = isAnybody
      ? this.#refusal(this.#plan.data, `DATA ${this.#sender}`)
      : this.#options.quirk === 'lets everybody send'
        ? undefined
        : '554 5.5.1 no valid recipients';
    this.#say(refusal ?? '354 go');
    if (refusal === undefined) this.#mode = 'content';
  }

  #content(): boolean {
    const isEmpty = this.#input.startsWith('.\r\n');
    const end = isEmpty ? 0 : this.#input.indexOf('\r\n.\r\n');
    if (end === -1) return false;
    const content = isEmpty ? '' : this.#input.slice(0, end + 2).replaceAll('\r\n.', '\r\n');
    this.#input = this.#input.slice(isEmpty ? 3 : end + 5);
    this.#mode = 'commands';
    const isBehind = this.#input !== '';
    if (isBehind && this.#broke(content)) return true;
    this.#take(content, isBehind);
    return true;
  }

  /** Something came together with the end of the content. True: a quirk took the content. */
  #broke(content: string): boolean {
    switch (this.#options.quirk) {
      case 'swallows whole groups':
      case 'swallows input behind content':
        this.#input = '';
        return false;
      case 'resets at input behind content':
        this.#take(content, true);
        this.isClosed = true;
        return true;
      case 'refuses input behind content and closes':
        this.#take(content, true);
        this.#say('554 SMTP synchronization error');
        this.isClosed = true;
        return true;
      case '421 at input behind content':
        this.#take(content, true);
        this.#say('421 4.7.0 you spoke too early');
        this.isClosed = true;
        return true;
      case 'refuses input behind content': {
        this.#take(content, true);
        const lines = this.#input.split('\r\n');
        this.#input = lines.pop() ?? '';
        for (const _ of lines) this.#say('503 5.5.0 pipelining is not allowed here');
        return true;
      }
      case 'hangs at input behind content':
        this.#take(content, true);
        this.#hangs = true;
        return true;
      case 'answers out of order': {
        const before = this.output;
        this.output = '';
        this.#take(content, true);
        const late = this.output;
        this.output = before;
        while (this.#mode === 'commands' && this.#step());
        this.output += late;
        return true;
      }
      default:
        return false;
    }
  }

  #take(content: string, isBehind: boolean): void {
    const plan = this.#plan;
    const sender = this.#sender ?? '';
    const isAnybody = sender !== '' && this.#recipients.length > 0;
    const refusal = isAnybody
      ? this.#refusal(plan.content, `content ${sender}`)
      : '554 5.5.1 no valid recipients';
    if (refusal === undefined) this.accepted.push({ sender, recipients: [...this.#recipients], content });
    this.#say(refusal ?? '250 2.0.0 taken');
    if (this.#options.quirk === 'says too much') this.#say('250 and more');
    if (this.#options.quirk === 'forgets a message late' && isBehind) this.isForgetful = true;
    else if (refusal === undefined || this.#options.quirk !== 'keeps what it refused') this.#forget();
  }

  #bdat(line: string): void {
    const [, size = '0', last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
    const { quirk } = this.#options;
    const isAnybody = this.#sender !== undefined && this.#recipients.length > 0;
    if (quirk === 'does not know BDAT') this.#say('502 5.5.1 no BDAT here');
    else if (quirk === 'resets at BDAT') this.isClosed = true;
    else if (quirk === 'does not read refused chunks' && !isAnybody) this.#say('503 5.5.1 need RCPT');
    else if (quirk === 'stalls at large chunks' && Number(size) >= largeChunk) this.#hangs = true;
    else this.#mode = { chunk: Number(size), isLast: last !== undefined };
  }

  #chunk(size: number, isLast: boolean): boolean {
    if (this.#input.length < size) return false;
    this.#chunks += this.#input.slice(0, size);
    this.#input = this.#input.slice(size);
    this.#mode = 'commands';
    if (!isLast) {
      this.#say('250 2.0.0 go on');
      return true;
    }
    const content = this.#chunks;
    this.#chunks = '';
    const sender = this.#sender ?? '';
    const isAnybody = sender !== '' && this.#recipients.length > 0;
    const refusal = isAnybody
      ? this.#refusal(this.#plan.content, `content ${sender}`)
      : '503 5.5.1 need RCPT';
    this.#say(refusal ?? '250 2.0.0 taken');
    if (this.#options.quirk === 'says too much') this.#say('250 and more');
    if (this.#options.quirk === 'swallows whole groups') this.#input = '';
    // RFC 3030 2: after a chunk that failed, nothing but RSET makes the state certain. This server forgets nothing before.
    if (refusal !== undefined) return true;
    this.accepted.push({ sender, recipients: this.#recipients, content });
    this.#forget();
    return true;
  }

  #forget(): void {
    this.#sender = undefined;
    this.#recipients = [];
    this.#chunks = '';
  }
}
