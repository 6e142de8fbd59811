// What a milter has marked: it says so by a field that it puts into the header, such as X-Spam-Flag: YES.

import { type MarkedMail, markedVerdict } from '../marks.ts';
import { type Edit, goOn, type Verdict } from '../stage.ts';

/** A field by which a milter marks mail. */
export interface MarkField {
  /** In lower case. */
  readonly name: string;
  /** How its value begins, in lower case. */
  readonly value: string;
}

/** One mark, and what becomes of mail that has it. */
export interface MilterMark {
  readonly verdict: 'spam' | 'virus';
  readonly fields: readonly MarkField[];
  readonly marked: MarkedMail;
}

/**
 * @param stage - the name of the stage
 * @param quarantine - why the milter wants the message to be held
 * @param marks - the first that the milter has set counts
 */
export function takenVerdict(
  stage: string,
  edits: readonly Edit[],
  quarantine: string | undefined,
  marks: readonly MilterMark[],
): Verdict {
  const found =
    edits.length === 0 ? undefined : marks.find(({ fields }) => edits.some((edit) => hasOne(fields, edit)));
  if (found === undefined) {
    if (quarantine !== undefined)
      return { kind: 'quarantine', reason: quarantine, edits, result: { verdict: 'held' } };
    return edits.length === 0 ? goOn : { kind: 'continue', edits };
  }
  const { verdict, marked } = found;
  const isHeld = quarantine !== undefined && marked.action === 'continue';
  const result = { verdict };
  return markedVerdict(isHeld ? { ...marked, action: 'quarantine' } : marked, {
    reason: quarantine ?? `${stage} marks it: ${verdict}`,
    told: verdict === 'spam' ? 'This message was taken for spam' : 'A virus was found in this message',
    result,
    edits,
  });
}

function hasOne(fields: readonly MarkField[], edit: Edit): boolean {
  if (edit.kind !== 'add-field' && edit.kind !== 'insert-field' && edit.kind !== 'change-field') return false;
  const name = edit.name.toLowerCase();
  const value = edit.value.trim().toLowerCase();
  return fields.some((field) => field.name === name && value.startsWith(field.value));
}
