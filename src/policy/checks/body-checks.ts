// Looks up what is in the body of one message: fields of its parts and of attached messages, and lines of text. Promises: work is done in slices, and
// bounded; a body that is changed is written anew in a second walk, so that neither has to be in memory.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ContentFacts, NewBody, Verdict } from '../stage.ts';
import { BodyLines } from './body-lines.ts';
import type { CheckRun, LineFate } from './check-run.ts';
import type { ReadTables } from './check-tables.ts';
import type { ContentKind } from './content-type.ts';
import { type BodyLine, type Found, MimeWalk } from './mime-walk.ts';
import type { CheckPlace, ContentCheckLimits } from './types.ts';

/** A stretch of the body, and what takes its place. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** Lines that rules may change. Neighbours that are dropped are one. */
const mostChanges = 100_000;
const sliceMs = 5;
const linesBetweenLooks = 64;
const nothing = Buffer.alloc(0);

const placeOf = { part: 'mime', nested: 'nested', text: 'body' } as const;
const aboutMime = /^(?:mime-version|content-(?:type|transfer-encoding|description|disposition|id)):/iu;

export class BodyChecks {
  readonly #run: CheckRun;
  readonly #limits: ContentCheckLimits;
  readonly #content: ContentKind;
  readonly #walk: MimeWalk;
  readonly #changes: Change[] = [];
  #lookedAt = 0;
  /** The lines are those of the header that are no fields. */
  #isInHeader = false;

  constructor(run: CheckRun, content: ContentKind, limits: ContentCheckLimits) {
    this.#run = run;
    this.#limits = limits;
    this.#content = content;
    this.#walk = new MimeWalk(content, limits.fieldBytes);
  }

  async verdict(facts: ContentFacts, tables: ReadTables): Promise<Verdict> {
    await this.#look(facts, tables);
    const isChanged = this.#changes.length > 0;
    const first = this.#run.verdict([]);
    if (!isChanged || (first.kind !== 'continue' && first.kind !== 'quarantine')) return first;
    const body = await this.#changed(facts);
    return this.#run.verdict([{ kind: 'replace-body', body }]);
  }

  async #look({ header: { strayLines }, body }: ContentFacts, tables: ReadTables): Promise<void> {
    if (strayLines !== '') {
      // To some programs the body has begun by these lines, and to others it has not.
      this.#isInHeader = true;
      await this.#lines([Buffer.from(strayLines, 'latin1')], tables);
      this.#isInHeader = false;
      this.#isBehindLimit = false;
      this.#walk.begin(this.#content);
    }
    await this.#lines(body.read(), tables);
  }

  async #lines(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, tables: ReadTables): Promise<void> {
    const lines = new BodyLines();
    let untilMs = performance.now() + sliceMs;
    let count = 0;
    if (this.#isOver) return;
    for await (const piece of pieces) {
      for (const line of lines.take(piece)) {
        this.#line(line, tables);
        if (this.#isOver) return;
        if (++count % linesBetweenLooks !== 0 || performance.now() < untilMs) continue;
        await nextTurn();
        untilMs = performance.now() + sliceMs;
      }
    }
    for (const line of lines.end()) this.#line(line, tables);
    if (this.#isOver) return;
    for (const found of this.#walk.end()) this.#found(found, tables);
  }

  get #isOver(): boolean {
    // Nothing can come any more of a text of one part behind its limit.
    return this.#run.isOver || this.#lookedAt >= this.#limits.allBytes || this.#isBehindLimit;
  }

  #isBehindLimit = false;

  #line(line: BodyLine, tables: ReadTables): void {
    for (const found of this.#walk.take(line)) {
      if (this.#run.isOver) return;
      this.#found(found, tables);
    }
  }

  #found({ place: where, text, start, end, offset, isField }: Found, tables: ReadTables): void {
    const place: CheckPlace = where === 'nested' && aboutMime.test(text) ? 'mime' : placeOf[where];
    if (place === 'body' && offset >= this.#limits.partBytes) {
      this.#isBehindLimit = this.#walk.isPlain;
      return;
    }
    if (!tables.has(place)) return;
    this.#lookedAt += end - start;
    const action = tables.find(place, text);
    if (action === undefined) return;
    const fate = this.#run.take(action, place, text, this.#isInHeader || isField === true);
    this.#change(fate, start, end);
  }

  #change(fate: LineFate, start: number, end: number): void {
    if (fate.kind === 'keep' || fate.kind === 'stop') return;
    if (fate.kind === 'drop') this.#add({ start, end, bytes: nothing });
    else {
      const bytes = Buffer.from(`${fate.text.replaceAll('\n', '\r\n')}\r\n`);
      this.#add({ start, end: fate.kind === 'prepend' ? start : end, bytes });
    }
  }

  #add(change: Change): void {
    const last = this.#changes.at(-1);
    if (
      last !== undefined &&
      last.end === change.start &&
      change.bytes.length === 0 &&
      last.bytes.length === 0
    ) {
      this.#changes[this.#changes.length - 1] = { ...last, end: change.end };
      return;
    }
    if (this.#changes.length >= mostChanges) throw new Error(`rules change more than ${mostChanges} lines`);
    this.#changes.push(change);
  }

  /** Writes the body with its changes, which are in its order. */
  async #changed(facts: ContentFacts): Promise<NewBody> {
    const body = facts.newBody();
    try {
      let at = 0;
      let next = 0;
      let skippedTo = 0;
      for await (const piece of facts.body.read()) {
        const pieceEnd = at + piece.length;
        let from = at;
        for (; next < this.#changes.length; next++) {
          const { start, end, bytes } = this.#changes[next] as Change;
          if (start >= pieceEnd) break;
          await write(body, piece.subarray(Math.max(from, skippedTo) - at, start - at));
          await write(body, bytes);
          from = start;
          skippedTo = Math.max(skippedTo, end);
        }
        await write(body, piece.subarray(Math.min(Math.max(from, skippedTo), pieceEnd) - at));
        at = pieceEnd;
      }
      return body;
    } catch (error) {
      body.discard();
      throw error;
    }
  }
}

async function write(body: NewBody, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  const room = body.write(bytes);
  if (room !== undefined) await room;
}
