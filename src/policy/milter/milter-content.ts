// Shows a message to a milter and takes what it makes of it. Promises: no more of a body than some pieces is held in memory, neither of the
// old one nor of a new one.

import { step } from '../../protocol/milter/flags.ts';
import type { MilterField } from '../../protocol/milter/milter-events.ts';
import { bodyChunkBytes } from '../../protocol/milter/milter-session.ts';
import type { Field } from '../../message/editable-header.ts';
import { withLineEnds, withoutLineEnds } from '../../values/line-ends.ts';
import { MessageInDoubt } from '../message-in-doubt.ts';
import type { BodyFacts, ContentFacts, Edit, NewBody } from '../stage.ts';
import type { Addition, Answered } from './milter-connection.ts';
import type { Talk } from './milter-client.ts';
import { MilterEdits } from './milter-edits.ts';

/** What a milter says of a message at its end. */
export interface Content {
  /** Undefined: it takes the message. */
  readonly answered: Answered | undefined;
  readonly edits: readonly Edit[];
  /** Why the message is to be held. */
  readonly quarantine: string | undefined;
}

/** Beyond this, what was said is written before more is said. */
const flushBytes = 64 * 1024;

const colon = 0x3a;

export class MilterContent {
  readonly #talk: Talk;
  readonly #facts: ContentFacts;
  readonly #limitMs: number;
  readonly #edits: MilterEdits;
  #quarantine: string | undefined;
  #newBody: NewBody | undefined;

  /** @param limitMs - for each answer */
  constructor(talk: Talk, facts: ContentFacts, limitMs: number) {
    this.#talk = talk;
    this.#facts = facts;
    this.#limitMs = limitMs;
    const steps = talk.connection.session.agreement?.steps ?? 0;
    this.#edits = new MilterEdits(facts.transaction, (steps & step.headerLeadingSpace) !== 0);
  }

  /**
   * Shows the message, and returns what becomes of it.
   * @throws {MessageInDoubt} when the milter was lost amid a new body; {Error} with a clause for any other failure
   */
  async show(): Promise<Content> {
    try {
      const answered = (await this.#header()) ?? (await this.#body()) ?? (await this.#end());
      return { answered, edits: this.#finished(), quarantine: this.#quarantine };
    } catch (error) {
      if (this.#newBody === undefined) throw error;
      this.#newBody.discard();
      throw new MessageInDoubt(
        `${(error as Error).message}, amid the body with which it replaced that of a message`,
      );
    }
  }

  async #header(): Promise<Answered | undefined> {
    const { connection, story } = this.#talk;
    const { session } = connection;
    for (const field of this.#facts.header.fields) {
      session.header(milterField(field));
      if (session.outputBytes <= flushBytes) continue;
      const answered = await this.#ask();
      if (answered !== undefined) return answered;
    }
    session.endOfHeaders(story.macros(this.#facts));
    return undefined;
  }

  async #body(): Promise<Answered | undefined> {
    const { session } = this.#talk.connection;
    const { body } = this.#facts;
    if (body.sizeBytes === 0 || !session.wantsBody) return undefined;
    let left = body.sizeBytes;
    for await (const chunk of chunksOf(body)) {
      session.body(chunk);
      left -= chunk.length;
      // The end of the message goes with the last chunk. A milter that skips the rest says so in its answer to one of the others.
      if (left <= 0) break;
      const answered = await this.#ask();
      if (answered !== undefined) return answered;
      if (!session.wantsBody) break;
    }
    return undefined;
  }

  #end(): Promise<Answered | undefined> {
    const { connection, story } = this.#talk;
    connection.session.endOfMessage(story.macros(this.#facts));
    return this.#ask();
  }

  #ask(): Promise<Answered | undefined> {
    return this.#talk.connection.ask(this.#limitMs, (addition) => this.#take(addition));
  }

  #take(addition: Addition): Promise<void> | undefined {
    switch (addition.kind) {
      case 'quarantine':
        this.#quarantine ??= addition.reason;
        return undefined;
      case 'edit':
        this.#edits.take(addition.edit);
        return undefined;
      case 'body':
        this.#newBody ??= this.#facts.newBody();
        return this.#newBody.write(addition.bytes);
    }
  }

  #finished(): readonly Edit[] {
    if (this.#newBody !== undefined) this.#edits.push({ kind: 'replace-body', body: this.#newBody });
    return this.#edits.all;
  }
}

/** As it is in the message; only line ends are LF. */
export function milterField({ bytes }: Field): MilterField {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = all.indexOf(colon);
  const name = all.toString('latin1', 0, at).trimEnd();
  const value = withoutLineEnds(all.toString('latin1', at + 1));
  return { name, value: value.includes('\r') ? withLineEnds(value, '\n') : value };
}

/** The body in chunks of the size that a milter gets; only the last is smaller. */
async function* chunksOf(body: BodyFacts): AsyncIterable<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const read of body.read()) {
    let piece = read;
    while (bytes + piece.length >= bodyChunkBytes) {
      const end = bodyChunkBytes - bytes;
      const first = piece.subarray(0, end);
      yield bytes === 0 ? first : Buffer.concat([...pieces, first]);
      pieces = [];
      bytes = 0;
      piece = piece.subarray(end);
    }
    if (piece.length === 0) continue;
    pieces.push(piece);
    bytes += piece.length;
  }
  if (bytes > 0) yield pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, bytes);
}
