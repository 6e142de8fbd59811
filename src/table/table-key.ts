// The form in which keys are compared. Who asks a table and what reads a table from text use the same form, so that a key is
// found whatever case it was written in.

import { normalizeDomain } from '../address/domain.ts';

const onlyAscii = /^[\0-\x7f]*$/u;
/** What stands before a domain when the names below it are meant. */
const belowMark = /^(?:\*?\.)?/u;

/**
 * The form of a key: in lower case, and the domain of an address in A-labels (RFC 5890). RFC 5321 2.4 leaves the case of a
 * local part to its host, but administrators mean the mailbox in any case.
 * @param text - an address, `@` and a domain, a domain, one that begins with `.` or `*.`, or any other word
 */
export function tableKey(text: string): string {
  if (onlyAscii.test(text)) return text.toLowerCase();
  const key = text.normalize('NFC').toLowerCase();
  const at = key.lastIndexOf('@');
  const [mark] = belowMark.exec(key.slice(at + 1)) ?? [''];
  const domain = key.slice(at + 1 + mark.length);
  // Without "@", only what has a dot is taken for a domain: other words have no other form.
  if (at === -1 && mark === '' && !domain.includes('.')) return key;
  return key.slice(0, at + 1) + mark + (normalizeDomain(domain) ?? domain);
}
