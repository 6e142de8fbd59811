// A question to a plugin that has no answer yet.

import type { BodyFacts } from '../../policy/stage.ts';
import type { PluginPoint } from '../types.ts';

/** A plugin gets a body in pieces of this size at most. */
const pieceBytes = 64 * 1024;
/** So often may a body be read at the same time. */
const mostReaders = 16;

/** What goes with the facts of a question. */
export interface QuestionParts {
  /** The bytes of the header. */
  readonly header?: Uint8Array | undefined;
  readonly body?: BodyFacts | undefined;
}

/** A question has no answer. The message is a clause. */
export class NoAnswer extends Error {
  /** Whether the plugin may have seen it. */
  readonly wasAsked: boolean;

  constructor(reason: string, wasAsked: boolean) {
    super(reason);
    this.wasAsked = wasAsked;
  }
}

export class PendingQuestion {
  readonly point: PluginPoint;
  /** The facts as JSON, as they were when it was asked. */
  readonly facts: string;
  readonly header: Uint8Array | undefined;
  readonly untilMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly #reject: (error: Error) => void;
  readonly #body: BodyFacts | undefined;
  #readers: Map<number, AsyncIterator<Uint8Array>> | undefined;

  constructor(
    point: PluginPoint,
    facts: string,
    { header, body }: QuestionParts,
    untilMs: number,
    resolve: (answer: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.point = point;
    this.facts = facts;
    this.header = header;
    this.#body = body;
    this.untilMs = untilMs;
    this.resolve = resolve;
    this.#reject = reject;
  }

  /** @param reason - a clause: `it did not answer within 30 s` */
  fail(reason: string): void {
    this.#reject(new NoAnswer(reason, true));
  }

  /** It was not handed to the plugin. */
  refuse(reason: string): void {
    this.#reject(new NoAnswer(reason, false));
  }

  /**
   * The next piece of the body: a copy.
   * @param reader - a number for each time that the body is read from its beginning
   * @returns undefined after the last one
   */
  async nextPiece(reader: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#readers ??= new Map();
    let pieces = this.#readers.get(reader);
    if (pieces === undefined) {
      if (this.#body === undefined) throw new Error('there is no body yet');
      if (this.#readers.size >= mostReaders)
        throw new Error(`the body is read more than ${mostReaders} times at once`);
      pieces = boundedPieces(this.#body);
      this.#readers.set(reader, pieces);
    }
    const next = await pieces.next();
    if (next.done !== true) return new Uint8Array(next.value);
    this.#readers.delete(reader);
    return undefined;
  }

  /** It has its answer, or will have none: its body is not read any more. */
  close(): void {
    for (const pieces of this.#readers?.values() ?? []) void pieces.return?.().catch(() => undefined);
    this.#readers = undefined;
  }
}

async function* boundedPieces(body: BodyFacts): AsyncGenerator<Uint8Array, void> {
  for await (const piece of body.read()) {
    for (let at = 0; at < piece.length; at += pieceBytes) yield piece.subarray(at, at + pieceBytes);
  }
}
