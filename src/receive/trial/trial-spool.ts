// The spool of a trial: keeps what would be stored in memory, as far as it is shown, and stores nothing.

import type { Envelope } from '../../message/envelope.ts';
import {
  type Appended,
  type LargeContent,
  type NewMessage,
  nowhere,
  type SpoolWriter,
} from '../../spool/types.ts';

/** The largest header that is shown. */
const shownHeaderBytes = 256 * 1024;
const endOfHeader = '\r\n\r\n';

/** No message is stored under it. */
const trialId = '000000000000000';

export interface TrialStored {
  readonly envelope: Envelope;
  readonly sizeBytes: number;
  /** With CRLF, and without the empty line behind it. */
  readonly header: string;
}

export class TrialSpool implements SpoolWriter {
  readonly #live: Pick<SpoolWriter, 'hasRoom' | 'failure'>;
  stored: TrialStored | undefined;

  /** @param live - says whether a message could be stored */
  constructor(live: Pick<SpoolWriter, 'hasRoom' | 'failure'>) {
    this.#live = live;
  }

  get failure(): SpoolWriter['failure'] {
    return this.#live.failure;
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#live.hasRoom(sizeBytes);
  }

  newQueueId(): string {
    return trialId;
  }

  append({ envelope, prefix, content }: NewMessage): Promise<Appended> {
    return this.#keep(envelope, prefix, content);
  }

  openLarge(): Promise<LargeContent> {
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    const opened: LargeContent = {
      get sizeBytes() {
        return sizeBytes;
      },
      write: (piece) => {
        pieces.push(piece);
        sizeBytes += piece.length;
        return Promise.resolve();
      },
      commit: (envelope, prefix) => this.#keep(envelope, prefix, pieces),
      async *read() {
        yield* pieces;
      },
      abort: () => {
        pieces.length = 0;
        return Promise.resolve();
      },
    };
    return Promise.resolve(opened);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #keep(
    envelope: Envelope,
    prefix: Uint8Array | undefined,
    content: readonly Uint8Array[],
  ): Promise<Appended> {
    const pieces = prefix === undefined ? content : [prefix, ...content];
    const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    this.stored = { envelope, sizeBytes, header: headerOf(pieces) };
    return Promise.resolve({ ref: nowhere, sizeBytes });
  }
}

function headerOf(pieces: readonly Uint8Array[]): string {
  const shown: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes >= shownHeaderBytes) break;
    shown.push(piece.subarray(0, shownHeaderBytes - bytes));
    bytes += piece.length;
  }
  const text = Buffer.concat(shown).toString('utf8');
  const end = text.indexOf(endOfHeader);
  return end === -1 ? text : text.slice(0, end + 2);
}
