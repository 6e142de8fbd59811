// Local parts without their quotes. RFC 5321 4.1.2 has `"a b"@example.com` and `a@example.com` and `"a"@example.com`, of which the last two
// mean the same. An address that is made of others (SRS, VERP) is quoted as a whole where its content needs it, never in its middle.

import { domainToASCII } from 'node:url';
import { localPartEnd } from '../values/local-part.ts';

/** A mailbox, with the content of its local part. */
export interface Parts {
  readonly content: string;
  readonly domain: string;
}

/** @param address - that was parsed before */
export function partsOf(address: string): Parts {
  const at = address.lastIndexOf('@');
  const localPart = address.slice(0, Math.max(0, at));
  const isQuoted = localPart.length > 1 && localPart.startsWith('"') && localPart.endsWith('"');
  const content = isQuoted ? localPart.slice(1, -1).replaceAll(/\\(.)/gsu, '$1') : localPart;
  return { content, domain: address.slice(at + 1) };
}

/** The local part that has this content. */
export function localPartOf(content: string): string {
  if (localPartEnd(content, 0) === content.length && content !== '' && !content.startsWith('"'))
    return content;
  return `"${content.replaceAll(/["\\]/gu, '\\$&')}"`;
}

/** A domain inside a local part is in ASCII, so that the address needs SMTPUTF8 only where its local part does (RFC 6531 3.2). */
export function asciiDomain(domain: string): string {
  return /^[\0-\x7f]*$/u.test(domain) ? domain : domainToASCII(domain) || domain;
}
