// Keeps the content of a message of QMQP or QMTP until its envelope is here: in memory as long as it is small, else in a file. Promises: its
// line ends are CRLF, and a bare CR begins no header field; what memory it takes is counted; its file is removed.

import type { HeldContent, HeldFacts } from '../protocol/netstring/held-content.ts';
import { LineRepair } from '../protocol/smtp/server/line-repair.ts';
import { DraftBody } from './draft-body.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { Waiting } from './session-waiting.ts';

const nothing: HeldFacts = { sizeBytes: 0, is8Bit: false, isTooLarge: false, isFailed: true };

export class PackageContent implements HeldContent {
  readonly #context: ReceiveContext;
  readonly #waiting: Pick<Waiting, 'hold' | 'resume'>;
  readonly #repair = new LineRepair();
  #draft: DraftBody | undefined;
  #pieces: Uint8Array[] = [];
  /** Read from the file, and not given yet. */
  #read: Uint8Array | undefined;
  #reader: AsyncIterator<Uint8Array> | undefined;
  #giveUp: (() => void) | undefined;
  #isTooLarge = false;
  #isFailed = false;
  isBusy = false;
  sizeBytes = 0;

  constructor(context: ReceiveContext, waiting: Pick<Waiting, 'hold' | 'resume'>) {
    this.#context = context;
    this.#waiting = waiting;
  }

  begin(): void {
    this.discard();
    const { places, settings } = this.#context;
    const { spool } = places.all.find((place) => place.spool.hasRoom(0)) ?? places.all[0];
    this.#repair.restart();
    this.#isTooLarge = false;
    this.#isFailed = false;
    this.#draft = new DraftBody(this.#context, spool, settings.session.maxMessageBytes || Infinity);
  }

  add(piece: Uint8Array): void {
    this.#write(this.#repair.convert(piece));
  }

  end(): HeldFacts {
    const draft = this.#draft;
    if (draft !== undefined && !this.#isTooLarge && !this.#isFailed) this.#write(this.#repair.finish());
    if (draft === undefined || this.#isTooLarge || this.#isFailed)
      return { ...nothing, isTooLarge: this.#isTooLarge, isFailed: this.#isFailed };
    this.#draft = undefined;
    const { pieces, large, sizeBytes, is8Bit } = draft.finish();
    const heldBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    this.#giveUp = () => {
      this.#context.memory.give(heldBytes);
      void large?.abort();
    };
    this.#pieces = pieces;
    this.#reader = large?.read()[Symbol.asyncIterator]();
    this.sizeBytes = sizeBytes;
    return { sizeBytes, is8Bit, isTooLarge: false, isFailed: false };
  }

  get hasFailed(): boolean {
    return this.#isFailed;
  }

  next(): Uint8Array | undefined {
    if (this.isBusy || this.#isFailed) return undefined;
    const piece = this.#read;
    this.#read = undefined;
    if (piece !== undefined) return piece;
    // What is in the file comes before what is in memory.
    if (this.#reader === undefined) return this.#pieces.shift();
    this.#readOn(this.#reader);
    return undefined;
  }

  discard(): void {
    this.#draft?.discard();
    this.#draft = undefined;
    this.#giveUp?.();
    this.#giveUp = undefined;
    this.#reader = undefined;
    this.#read = undefined;
    this.#pieces = [];
  }

  #readOn(reader: AsyncIterator<Uint8Array>): void {
    this.#wait(
      reader.next().then(({ done, value }) => {
        if (this.#reader !== reader) return;
        if (done === true) this.#reader = undefined;
        else this.#read = value;
      }),
    );
  }

  #write(piece: Uint8Array): void {
    if (this.#draft === undefined || this.#isTooLarge || this.#isFailed) return;
    try {
      const written = this.#draft.write(piece);
      if (written !== undefined) this.#wait(written);
    } catch {
      // The one thing that is thrown at once is that the body is too large.
      this.#isTooLarge = true;
      this.#draft.discard();
    }
  }

  #wait(work: Promise<void>): void {
    this.isBusy = true;
    this.#waiting.hold();
    const over = (): void => {
      this.isBusy = false;
      this.#waiting.resume();
    };
    work.then(over, () => {
      this.#isFailed = true;
      over();
    });
  }
}
