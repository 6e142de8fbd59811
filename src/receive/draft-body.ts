// A body that a stage writes in the place of the one that has come. Promises: it is in memory up to the size of large messages, and in a file
// beyond; its line ends are CRLF; it is no larger than a message may be.

import type { NewBody } from '../policy/stage.ts';
import { LineRepair } from '../protocol/smtp/server/line-repair.ts';
import type { LargeContent, SpoolWriter } from '../spool/types.ts';
import { ContentPieces } from './content-pieces.ts';
import type { ReceiveContext } from './receive-context.ts';

export const bodyTooLarge = 'it gave a body that is larger than max_message_size';

/** The file gets pieces of at least this size. */
const writeBytes = 64 * 1024;

const lineFeed = 0x0a;
const lineEnd = Buffer.from('\r\n');

/** What becomes the content of a message. Bytes of pieces count as held in memory. */
export interface FinishedBody {
  readonly pieces: Uint8Array[];
  /** What comes before the pieces. */
  readonly large: LargeContent | undefined;
  readonly sizeBytes: number;
  readonly is8Bit: boolean;
}

export class DraftBody implements NewBody {
  readonly #context: Pick<ReceiveContext, 'memory' | 'settings'>;
  readonly #spool: SpoolWriter;
  readonly #maxBytes: number;
  readonly #repair = new LineRepair('body');
  readonly #pieces = new ContentPieces();
  #large: LargeContent | undefined;
  #sizeBytes = 0;
  #is8Bit = false;
  #endsLine = true;
  #isOver = false;

  /** @param spool - has a body that is large */
  constructor(context: Pick<ReceiveContext, 'memory' | 'settings'>, spool: SpoolWriter, maxBytes: number) {
    this.#spool = spool;
    this.#context = context;
    this.#maxBytes = maxBytes;
  }

  /** It was given up, or is the body of the message already. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(piece: Uint8Array): Promise<void> | undefined {
    if (this.#isOver) throw new Error('it wrote to a body that was given up');
    this.#push(this.#repair.convert(piece));
    if (this.#sizeBytes > this.#maxBytes) throw new Error(bodyTooLarge);
    const { settings, memory } = this.#context;
    const most = this.#large !== undefined || memory.scarce ? writeBytes : settings.largeMessageBytes;
    return this.#pieces.bytes <= most ? undefined : this.#spill();
  }

  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.memory.give(this.#pieces.bytes);
    this.#pieces.take();
    void this.#large?.abort();
  }

  /** Ends it, and hands it over. */
  finish(): FinishedBody {
    this.#push(this.#repair.finish());
    if (!this.#endsLine) this.#push(lineEnd);
    this.#isOver = true;
    return {
      pieces: this.#pieces.take(),
      large: this.#large,
      sizeBytes: this.#sizeBytes,
      is8Bit: this.#is8Bit,
    };
  }

  #push(repaired: Uint8Array): void {
    if (repaired.length === 0) return;
    this.#sizeBytes += repaired.length;
    this.#endsLine = repaired.at(-1) === lineFeed;
    this.#is8Bit ||= repaired.some((byte) => byte > 0x7f);
    // What a repair returns is in a buffer of twice its size.
    this.#pieces.push(Buffer.from(repaired));
    this.#context.memory.take(repaired.length);
  }

  async #spill(): Promise<void> {
    const { memory } = this.#context;
    const spool = this.#spool;
    // The file of the message itself may be there; when this body is stored, it takes the place of that.
    this.#large ??= await this.#opened(spool.openLarge(spool.newQueueId()));
    memory.give(this.#pieces.bytes);
    await this.#large.write(Buffer.concat(this.#pieces.take()));
  }

  async #opened(opening: Promise<LargeContent>): Promise<LargeContent> {
    const large = await opening;
    if (!this.#isOver) return large;
    await large.abort();
    throw new Error('the message has ended');
  }
}

/** @param body - as a whole and with right line ends, or begun here */
export function finishedBody(
  body: Uint8Array | DraftBody,
  { memory }: Pick<ReceiveContext, 'memory'>,
): FinishedBody {
  if (body instanceof DraftBody) return body.finish();
  memory.take(body.length);
  const is8Bit = body.some((byte) => byte > 0x7f);
  return { pieces: [body], large: undefined, sizeBytes: body.length, is8Bit };
}
