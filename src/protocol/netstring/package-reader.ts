// The server side of QMQP and QMTP: takes apart what a client sends, however it is cut. Promises: content is given out in pieces and never
// kept; a length that is not allowed ends everything before memory is used for it; what follows a broken rule is not read.

import { Buffer } from 'node:buffer';
import type { InputQueue } from '../smtp/server/input-queue.ts';
import { NetstringReader } from './netstring-reader.ts';
import { mostAddressBytes, packageAddress } from './package.ts';
import { ShortNetstring } from './short-netstring.ts';

/** How lines of content end. */
export type LineForm = 'lf' | 'crlf';

/**
 * `none`: more bytes are needed. `content`: a message begins; `contentBytes` and `form` are known. `piece`: there is content in `piece`.
 * `sender`, `recipient`: the address is in `address`. `end`: the message is complete. `malformed`: a rule was broken.
 */
export type PackageStep = 'none' | 'content' | 'piece' | 'sender' | 'recipient' | 'end' | 'malformed';

type State = 'outer' | 'content' | 'form' | 'sender' | 'list' | 'recipient' | 'comma' | 'malformed';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const comma = 0x2c;
const nothing: Uint8Array = Buffer.alloc(0);

/** A content is read to its end, so that its client hears that it is too large. This is more than any server takes. */
const mostContentBytes = 1024 ** 4;

export class PackageReader {
  piece: Uint8Array = nothing;
  contentBytes = 0;
  form: LineForm = 'lf';
  /** Undefined for one that no path can have. */
  address: string | undefined;
  readonly #protocol: 'qmqp' | 'qmtp';
  readonly #mostRecipients: number;
  readonly #content = new NetstringReader();
  /** The netstring around others: all of QMQP, the recipients of QMTP. Only its length is read by this one. */
  readonly #outer = new NetstringReader();
  readonly #address = new ShortNetstring();
  #state: State;
  /** Where the netstring around others ends, in bytes since the beginning of the input. */
  #outerEnd = Infinity;
  #recipients = 0;

  /** @param mostRecipients - a message with more of them is malformed */
  constructor(protocol: 'qmqp' | 'qmtp', mostRecipients: number) {
    this.#protocol = protocol;
    this.#mostRecipients = mostRecipients;
    this.#state = this.#start();
  }

  /** Has a message begun? */
  get isInside(): boolean {
    return this.#state !== this.#first;
  }

  next(input: InputQueue): PackageStep {
    this.piece = nothing;
    for (;;) {
      const step = this.#step(input);
      if (step !== undefined) return step;
    }
  }

  get #first(): State {
    return this.#protocol === 'qmqp' ? 'outer' : 'content';
  }

  #start(): State {
    const mostBytes = mostContentBytes + this.#mostListBytes;
    this.#recipients = 0;
    this.#outerEnd = Infinity;
    if (this.#protocol === 'qmqp') this.#outer.start(mostBytes);
    else this.#content.start(mostContentBytes);
    return this.#first;
  }

  get #mostListBytes(): number {
    return (this.#mostRecipients + 2) * (mostAddressBytes + 8);
  }

  /** @returns undefined when something was read that is no step */
  #step(input: InputQueue): PackageStep | undefined {
    switch (this.#state) {
      case 'outer':
        return this.#readOuter(input, () => {
          this.#content.start(mostContentBytes);
          return 'content';
        });
      case 'list':
        return this.#readOuter(input, () => this.#nextRecipient(input));
      case 'content':
        return this.#readContent(input);
      case 'form':
        return this.#readForm(input);
      case 'sender':
      case 'recipient':
        return this.#readAddress(input, this.#state);
      case 'comma':
        if (!input.hasBytes()) return 'none';
        if (input.chunk[input.position++] !== comma) return this.#fail();
        this.#state = this.#start();
        return 'end';
      case 'malformed':
        return 'malformed';
    }
  }

  #readOuter(input: InputQueue, then: () => State): PackageStep | undefined {
    const step = this.#outer.next(input);
    if (step === 'none') return 'none';
    if (step !== 'length') return this.#fail();
    this.#outerEnd = input.usedBytes + this.#outer.lengthBytes;
    this.#state = then();
    return undefined;
  }

  #readContent(input: InputQueue): PackageStep | undefined {
    const step = this.#content.next(input);
    switch (step) {
      case 'none':
        return this.#isPastOuter(input, 0) ? this.#fail() : 'none';
      case 'length':
        if (this.#isPastOuter(input, this.#content.lengthBytes + 1)) return this.#fail();
        return this.#beginContent();
      case 'piece':
        this.piece = this.#content.piece;
        return 'piece';
      case 'end':
        this.#beginAddress('sender', input);
        return undefined;
      case 'malformed':
        return this.#fail();
    }
  }

  #beginContent(): PackageStep | undefined {
    this.contentBytes = this.#content.lengthBytes;
    this.form = 'lf';
    if (this.#protocol === 'qmqp') return 'content';
    // QMTP: the first byte says how lines end, so there is one at least.
    if (this.contentBytes === 0) return this.#fail();
    this.#state = 'form';
    return undefined;
  }

  #readForm(input: InputQueue): PackageStep {
    if (!input.hasBytes()) return 'none';
    const byte = input.chunk[input.position];
    if (byte !== lineFeed && byte !== carriageReturn) return this.#fail();
    this.#content.skipByte(input);
    this.form = byte === lineFeed ? 'lf' : 'crlf';
    this.contentBytes--;
    this.#state = 'content';
    return 'content';
  }

  #beginAddress(state: 'sender' | 'recipient', input: InputQueue): State {
    const leftBytes = Math.max(0, this.#outerEnd - input.usedBytes);
    this.#address.start(Math.min(leftBytes, this.#mostListBytes), mostAddressBytes);
    this.#state = state;
    return state;
  }

  #readAddress(input: InputQueue, state: 'sender' | 'recipient'): PackageStep | undefined {
    const step = this.#address.next(input);
    if (step === 'malformed' || this.#isPastOuter(input, 0)) return this.#fail();
    if (step === 'none') return 'none';
    this.address = packageAddress(this.#address.bytes, this.#address.isWhole);
    if (state === 'sender' && this.#protocol === 'qmtp') {
      this.#outer.start(this.#mostListBytes);
      this.#state = 'list';
    } else {
      if (state === 'recipient' && ++this.#recipients > this.#mostRecipients) return this.#fail();
      this.#state = this.#nextRecipient(input);
    }
    return state;
  }

  #nextRecipient(input: InputQueue): State {
    return input.usedBytes === this.#outerEnd ? 'comma' : this.#beginAddress('recipient', input);
  }

  /** @param bytes - that follow */
  #isPastOuter(input: InputQueue, bytes: number): boolean {
    return input.usedBytes + bytes > this.#outerEnd;
  }

  #fail(): PackageStep {
    this.#state = 'malformed';
    return 'malformed';
  }
}
