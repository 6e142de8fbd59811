// What a filter has made of a header, as edits: a field that it has left alone stays as it came. Promises: the edits make the header that the filter
// wrote, whatever it has done to it.

import { headerFields } from '../../message/header-fields.ts';
import type { Field, FieldEdit } from '../../message/editable-header.ts';
import { withLineEnds } from '../../values/line-ends.ts';

/** Beyond this, fields between the first and the last change count as changed: to find out costs the product. */
const mostCompared = 4_000_000;

/**
 * @param before - the fields that the filter was shown
 * @param after - the header that it made of them, with CRLF, without the empty line behind it
 * @returns undefined when there is a line that is no field
 */
export function headerEdits(before: readonly Field[], after: Buffer): readonly FieldEdit[] | undefined {
  const made: Buffer[] = [];
  let end = 0;
  for (const field of headerFields(after)) {
    made.push(after.subarray(field.start, field.end));
    ({ end } = field);
  }
  if (end !== after.length) return undefined;
  return editsBetween(
    before.map(({ bytes }) => textOf(bytes)),
    made.map(textOf),
  );
}

/** As Latin-1, with CRLF at the ends of lines. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return `${withLineEnds(text, '\r\n').replace(/\r\n$/u, '')}\r\n`;
}

function editsBetween(before: readonly string[], after: readonly string[]): readonly FieldEdit[] {
  const edits: FieldEdit[] = [];
  // How many fields of a name are above the present place, as far as the header is changed.
  const above = new Map<string, number>();
  const passed = (name: string): void => void above.set(name, (above.get(name) ?? 0) + 1);
  let at = 0;
  let read = 0;
  for (const kept of keptOf(before, after)) {
    if (kept === 'same') {
      passed(nameOf(before[read++] ?? ''));
      at++;
    } else if (kept === 'removed') {
      const name = nameOf(before[read++] ?? '');
      edits.push({ kind: 'remove-field', name, occurrence: (above.get(name) ?? 0) + 1 });
    } else {
      const colon = kept.indexOf(':');
      const name = kept.slice(0, colon).trimEnd();
      // Our own Received field is above all.
      edits.push({ kind: 'insert-field', at: at + 1, name, value: kept.slice(colon + 1, -2), isRaw: true });
      passed(name.toLowerCase());
      at++;
    }
  }
  return edits;
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':')).trimEnd().toLowerCase();
}

type Kept = 'same' | 'removed' | string;

/** From the first field to the last: the same, removed, or a new one with its text. */
function keptOf(before: readonly string[], after: readonly string[]): readonly Kept[] {
  let first = 0;
  while (first < before.length && before[first] === after[first]) first++;
  let behind = 0;
  const most = Math.min(before.length, after.length) - first;
  while (behind < most && before[before.length - 1 - behind] === after[after.length - 1 - behind]) behind++;
  const same = (count: number): readonly Kept[] => Array.from({ length: count }, () => 'same');
  const middle = keptBetween(
    before.slice(first, before.length - behind),
    after.slice(first, after.length - behind),
  );
  return [...same(first), ...middle, ...same(behind)];
}

/** By the longest common subsequence. */
function keptBetween(before: readonly string[], after: readonly string[]): readonly Kept[] {
  const width = after.length + 1;
  if ((before.length + 1) * width > mostCompared) return [...before.map(() => 'removed'), ...after];
  const lengths = new Uint16Array((before.length + 1) * width);
  const common = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1));
    }
  }
  const kept: Kept[] = [];
  let i = 0;
  for (let j = 0; i < before.length || j < after.length;) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      kept.push('same');
      i++;
      j++;
    } else if (j < after.length && (i === before.length || common(i, j + 1) >= common(i + 1, j)))
      kept.push(after[j++] ?? '');
    else {
      kept.push('removed');
      i++;
    }
  }
  return kept;
}
