// Texts that go into the protocol as they are: nothing in them may break a line or a word.

import { parseDomain, parseMailbox } from '../values/domain.ts';
import { ValueError } from '../values/value-error.ts';

/** Printable ASCII, since it stands in a reply line (RFC 5321 4.2). */
export function greetingText(text: string): string {
  if (!/^[\x20-\x7e]{0,200}$/.test(text)) {
    throw new ValueError('must be at most 200 printable ASCII characters on one line');
  }
  return text.trim();
}

/** The name that this host gives itself: a domain name with a dot in it (RFC 5321 2.3.5). */
export function hostName(text: string): string {
  const domain = parseDomain(text);
  if (!domain.includes('.')) {
    throw new ValueError(
      `"${text}" is not a full host name; write one with its domain, e.g. "${domain}.example.com"`,
    );
  }
  return domain;
}

/** A mailbox, kept as text; its domain in lower-case A-labels. */
export function mailbox(text: string): string {
  const { localPart, domain } = parseMailbox(text);
  return `${localPart}@${domain}`;
}
