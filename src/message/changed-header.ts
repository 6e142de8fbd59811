// The header of a message with some fields left out, replaced or added. What does not change stays as it came, byte by byte.

import type { GivenField, HeaderChanges } from '../values/header-changes.ts';
import { headerFields } from './header-fields.ts';

/** A header that was changed. */
export interface ChangedHeader {
  /** In the place of the first bytes of the message. */
  readonly bytes: Buffer;
  /** How many bytes of the message that is. */
  readonly from: number;
}

/**
 * @param head - the first bytes of a message
 * @param isWhole - they hold all of its header; otherwise the last field may be cut, and it and those behind it stay
 */
export function changedHeader(head: Uint8Array, isWhole: boolean, changes: HeaderChanges): ChangedHeader {
  const given = new Map(changes.replace.map((field) => [field.name.toLowerCase(), lineOf(field)]));
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { name, start, end } of headerFields(head)) {
    if (!isWhole && end === head.length) break;
    from = end;
    if (isRemoved(changes.remove, name)) continue;
    pieces.push(given.get(name) ?? head.subarray(start, end));
  }
  pieces.push(...changes.add.map(lineOf));
  return { bytes: Buffer.concat(pieces), from };
}

function isRemoved(patterns: readonly string[], name: string): boolean {
  return patterns.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));
}

function lineOf({ name, value }: GivenField): Buffer {
  return Buffer.from(`${name}: ${value}\r\n`);
}
