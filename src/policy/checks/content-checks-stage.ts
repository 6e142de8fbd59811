// [[stage]] of the kind "content-checks": looks the header fields and body lines of a message up in tables. Fields of the message are looked at when
// the header is there, so that what is refused for them costs no look at the body.

import type { Field } from '../../message/editable-header.ts';
import { strayFields } from '../../message/stray-fields.ts';
import { withLineEnds } from '../../values/line-ends.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ContentFacts,
  type Edit,
  goOn,
  type HeaderFacts,
  type HeadersFacts,
  type Point,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';
import { textOf } from './body-lines.ts';
import { BodyChecks } from './body-checks.ts';
import { CheckRun, type CheckRunParts } from './check-run.ts';
import type { CheckTables, ReadTables } from './check-tables.ts';
import { type ContentKind, contentKindOf, eitherKind, otherContent } from './content-type.ts';
import { normalizedField } from './mime-walk.ts';
import type { ContentCheckLimits } from './types.ts';

export interface ContentChecksParts extends ConfiguredStageValues, Omit<CheckRunParts, 'stage'> {
  readonly timeLimitMs: number;
  readonly tables: CheckTables;
  readonly limits: ContentCheckLimits;
}

/** Fields about MIME, which have tables of their own wherever they stand. */
const mimeFields: ReadonlySet<string> = new Set([
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-description',
  'content-disposition',
  'content-id',
]);

export class ContentChecksStage extends ConfiguredStage {
  readonly #parts: ContentChecksParts;
  /** Messages of which nothing more is looked at. */
  readonly #passed = new WeakSet<TransactionFacts>();

  constructor(parts: ContentChecksParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    const { tables } = this.#parts;
    if (point === 'headers') return tables.has('header') || tables.has('mime');
    return point === 'content' && (tables.has('body') || tables.has('mime') || tables.has('nested'));
  }

  headers(facts: HeadersFacts): Answer {
    const tables = this.#parts.tables.read();
    return tables instanceof Promise
      ? tables.then((read) => this.#header(facts, read))
      : this.#header(facts, tables);
  }

  content(facts: ContentFacts): Answer {
    if (this.#passed.has(facts.transaction)) return goOn;
    const { tables } = this.#parts;
    const content = contentOf(facts.header);
    // A text without parts has no further fields.
    if (content.kind === 'other' && !tables.has('body')) return goOn;
    const checks = new BodyChecks(this.#run(facts), content, this.#parts.limits);
    return Promise.resolve(tables.read()).then((read) => checks.verdict(facts, read));
  }

  #header(facts: HeadersFacts, tables: ReadTables): Verdict {
    const run = this.#run(facts);
    const { fields, ownReceivedAt = 0 } = facts.header;
    const occurrences = new Map<string, number>();
    const edits: Edit[] = [];
    for (const [at, field] of fields.entries()) {
      const { name } = field;
      const occurrence = (occurrences.get(name) ?? 0) + 1;
      occurrences.set(name, occurrence);
      const text = fieldText(field, this.#parts.limits.fieldBytes);
      const place = mimeFields.has(name) ? 'mime' : 'header';
      const action = tables.find(place, text);
      if (action === undefined) continue;
      const fate = run.take(action, place, text);
      if (fate.kind === 'stop') break;
      if (fate.kind === 'drop') edits.push({ kind: 'remove-field', name, occurrence });
      else if (fate.kind === 'replace')
        edits.push({ kind: 'replace-field', at, bytes: fieldBytes(fate.text) });
      else if (fate.kind === 'prepend') {
        const above = at + (ownReceivedAt <= at ? 1 : 0);
        edits.push({ kind: 'insert-field', at: above, ...fieldOf(fate.text) });
      }
    }
    for (const field of run.isOver ? [] : strayFields(facts.header.strayLines)) {
      const text = fieldText(field, this.#parts.limits.fieldBytes);
      const place = mimeFields.has(field.name) ? 'mime' : 'header';
      const action = tables.find(place, text);
      if (action !== undefined && run.take(action, place, text, true).kind === 'stop') break;
    }
    if (run.isOver) this.#passed.add(facts.transaction);
    // From the last one on, so that none moves the others.
    return run.verdict(edits.toReversed());
  }

  #run(facts: HeadersFacts): CheckRun {
    const { routes, events, limits } = this.#parts;
    return new CheckRun({ stage: this.name, routes, events, limits }, facts);
  }
}

/** What programs may take for the content of the message. */
function contentOf({ fields, strayLines }: HeaderFacts): ContentKind {
  const content = [...fields, ...strayFields(strayLines)]
    .filter(({ name }) => name === 'content-type')
    .map(({ value }) => contentKindOf(value))
    .reduce<ContentKind | undefined>(
      (one, other) => (one === undefined ? other : eitherKind(one, other)),
      undefined,
    );
  if (content === undefined || content.kind === 'other') return otherContent;
  // Some programs take all of the lines behind one that is no field for text.
  return strayLines === '' ? content : eitherKind(content, otherContent);
}

/** As tables see it: its folds are LF and what follows, and no blank is before the colon. */
function fieldText({ bytes }: Field, mostBytes: number): string {
  const text = withLineEnds(textOf(bytes.subarray(0, mostBytes)), '\n').replace(/\n$/u, '');
  return normalizedField(text) ?? text;
}

/** A field in the form in which it leaves. @param text - its folds are LF and what follows */
export function fieldBytes(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\n', '\r\n')}\r\n`);
}

function fieldOf(text: string): { readonly name: string; readonly value: string } {
  const colon = text.indexOf(':');
  return {
    name: text.slice(0, colon).trimEnd(),
    value: text
      .slice(colon + 1)
      .replace(/^[ \t]/u, '')
      .replaceAll('\n', '\r\n'),
  };
}
