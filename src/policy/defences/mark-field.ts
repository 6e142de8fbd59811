// A field by which a defence marks mail. Promises: whoever reads the field can believe it: those with its name that have come in are taken out.

import type { FieldEdit } from '../../message/editable-header.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { HeaderFacts } from '../stage.ts';

/** Nobody but a forger writes so many. */
const mostForged = 100;

export const tooManyForged: Reply = {
  code: 550,
  enhanced: '5.6.0',
  text: 'Too many header fields that only this server writes',
};

/**
 * @param value - undefined: the mail is not marked, and fields that claim it are taken out all the same
 * @returns undefined when there are too many forged ones
 */
export function markEdits(
  { fields }: HeaderFacts,
  name: string,
  value: string | undefined,
): readonly FieldEdit[] | undefined {
  const wanted = name.toLowerCase();
  const forged = fields.reduce((count, field) => (field.name === wanted ? count + 1 : count), 0);
  if (forged > mostForged) return undefined;
  const removed = Array.from({ length: forged }, (): FieldEdit => ({
    kind: 'remove-field',
    name,
    occurrence: 1,
  }));
  // Right below our own Received field.
  return value === undefined ? removed : [...removed, { kind: 'insert-field', at: 1, name, value }];
}
