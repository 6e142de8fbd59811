// Appends a text to a mail address, as qmail-smtpd does with the value of RELAYCLIENT: `joe@example.com` and `@fax` make
// `"joe@example.com"@fax`, a mailbox of the domain `fax` (RFC 5321 4.1.2 wants the quotes around an `@`).

import { parseMailbox } from './path.ts';

const quotedPair = /\\(.)/gsu;
const needsPair = /["\\]/gu;
/** RFC 5321 4.1.2: a Dot-string needs no quotes. */
const dotString = /^[^\s"(),.:;<>@[\\\]\0-\x1f\x7f]+(?:\.[^\s"(),.:;<>@[\\\]\0-\x1f\x7f]+)*$/u;

/**
 * @param address - that was parsed before; `postmaster` may come without a domain
 * @param suffix - `@domain`, `text@domain`, or an ending for the domain such as `.fax`
 * @returns undefined when this makes no address
 */
export function appendSuffix(address: string, suffix: string): string | undefined {
  const text = textOf(address, suffix);
  const read = parseMailbox(text);
  return read.kind === 'invalid' ? undefined : read.address;
}

function textOf(address: string, suffix: string): string {
  const inSuffix = suffix.lastIndexOf('@');
  // It ends the domain that is there.
  if (inSuffix === -1) return address + suffix;
  const at = address.lastIndexOf('@');
  const localPart = at === -1 ? address : address.slice(0, at);
  const domain = at === -1 ? '' : address.slice(at);
  return `${quoted(contentOf(localPart) + domain + suffix.slice(0, inSuffix))}${suffix.slice(inSuffix)}`;
}

/** RFC 5321 4.1.2: quotes are not part of a local part. */
function contentOf(localPart: string): string {
  return localPart.startsWith('"') ? localPart.slice(1, -1).replaceAll(quotedPair, '$1') : localPart;
}

function quoted(content: string): string {
  return dotString.test(content) ? content : `"${content.replaceAll(needsPair, '\\$&')}"`;
}
