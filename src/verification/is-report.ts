// Is a message itself one of the reports that programs read? By its header alone, which anybody can write.

import type { Field } from '../message/editable-header.ts';

/** RFC 8460 5.3 and RFC 9990 3.5.2: the subject of both kinds. */
export function isReport(fields: readonly Field[]): boolean {
  const subject = fields.find(({ name }) => name === 'subject')?.value.slice(0, 500) ?? '';
  return /^\s*report\s+domain:\s+\S+\s+submitter:\s+\S/i.test(subject);
}
