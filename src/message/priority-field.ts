// The priority that a header field asks for: `MT-Priority: 3`, comments allowed (RFC 6758 3).

import { parsePriority } from '../protocol/smtp/priority-value.ts';

/** Bound of the number of comments that are removed. */
const maxComments = 16;

/** The priority; undefined when the value is not a valid one. */
export function priorityOfField(value: string): number | undefined {
  let text = value;
  // RFC 5322 3.2.2: comments may nest; the innermost go first.
  for (let i = 0; i < maxComments && text.includes('('); i++) {
    const end = text.indexOf(')');
    const start = text.lastIndexOf('(', end);
    if (end === -1 || start === -1) return undefined;
    text = `${text.slice(0, start)} ${text.slice(end + 1)}`;
  }
  return parsePriority(text.trim());
}
