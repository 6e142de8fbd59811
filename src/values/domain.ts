// Domain names and patterns over them ("example.com", "*.example.com"), and patterns over senders.
// Names are compared in lower-case A-labels (RFC 5890 2.3.2.1, RFC 5321 2.3.5).

import { checkDomain, toAscii, withoutFinalDot } from './domain-name.ts';
import { localPartEnd } from './local-part.ts';
import { ValueError } from './value-error.ts';
import { isIP } from './ip-version.ts';

/** One domain, or all domains under one (`*.example.com` does not match `example.com` itself). */
export type DomainPattern =
  | { readonly kind: 'exact'; readonly domain: string }
  | { readonly kind: 'suffix'; readonly domain: string };

/** Senders: one mailbox, all mailboxes of a domain, or the null sender of bounces (`<>`). */
export type SenderPattern =
  | { readonly kind: 'mailbox'; readonly localPart: string; readonly domain: string }
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'null' };

/**
 * Reads a domain name, also an internationalized one, by the rules for domains of addresses.
 * @returns Lower-case A-labels, no final dot.
 * @throws {ValueError} when it is not a domain name.
 */
export function parseDomain(text: string): string {
  const end = withoutFinalDot(text, 0, text.length);
  if (checkDomain(text, 0, end) !== 'ok') throw new ValueError(`"${text}" is not a domain name`);
  return toAscii(text.slice(0, end));
}

/**
 * Reads `example.com` or `*.example.com`.
 * @throws {ValueError} when it is neither.
 */
export function parseDomainPattern(text: string): DomainPattern {
  if (text === '*') {
    throw new ValueError('"*" alone is not a pattern: name a domain, or "*.example.com" for all under it');
  }
  if (text.startsWith('*.')) return { kind: 'suffix', domain: parseDomain(text.slice(2)) };
  if (text.startsWith('.')) {
    throw new ValueError(`"${text}": write "*${text}" for all domains under it`);
  }
  if (text.includes('@')) {
    throw new ValueError(`"${text}" is an address; write a domain, or "*.example.com" for all under it`);
  }
  return { kind: 'exact', domain: parseDomain(text) };
}

/** Writes a pattern in the form that `parseDomainPattern` reads. */
export function formatDomainPattern({ kind, domain }: DomainPattern): string {
  return kind === 'suffix' ? `*.${domain}` : domain;
}

/** Does the pattern match a name in lower-case A-labels? For many patterns, use `DomainTable`. */
export function matchesPattern({ kind, domain }: DomainPattern, name: string): boolean {
  return kind === 'exact' ? name === domain : isBelow(name, domain);
}

/** Does `outer` match everything that `inner` matches? */
export function includesPattern(outer: DomainPattern, inner: DomainPattern): boolean {
  if (outer.kind === inner.kind && outer.domain === inner.domain) return true;
  return outer.kind === 'suffix' && isBelow(inner.domain, outer.domain);
}

/** Is the name below the domain, at any depth, and not the domain itself? Both are in lower case, without a final dot. */
export function isBelow(name: string, domain: string): boolean {
  return (
    name.length > domain.length && name.endsWith(domain) && name[name.length - domain.length - 1] === '.'
  );
}

/**
 * Reads a recipient's domain: a pattern, or an address literal such as `[192.0.2.1]` (RFC 5321 4.1.3).
 * @throws {ValueError} when it is neither.
 */
export function parseRecipientDomain(text: string): DomainPattern {
  if (!text.startsWith('[')) return parseDomainPattern(text);
  const literal = /^\[(?:(ipv6:)(.+)|([^:]+))\]$/i.exec(text);
  if (literal === null || isIP(literal[2] ?? literal[3] ?? '') !== (literal[1] === undefined ? 4 : 6)) {
    throw new ValueError(`"${text}" is not an address literal, e.g. "[192.0.2.1]" or "[IPv6:2001:db8::1]"`);
  }
  return { kind: 'exact', domain: text.toLowerCase() };
}

/**
 * Reads a sender: `user@example.com`, `example.com`, or `<>` for bounces.
 * @throws {ValueError} when it is none of them.
 */
export function parseSenderPattern(text: string): SenderPattern {
  if (text === '<>') return { kind: 'null' };
  if (text.includes('*')) {
    throw new ValueError(`"${text}": senders are matched by whole addresses and whole domains only`);
  }
  if (!text.includes('@')) return { kind: 'domain', domain: parseDomain(text) };
  return { kind: 'mailbox', ...parseMailbox(text) };
}

/**
 * Reads a mailbox, `local-part@domain`.
 * @throws {ValueError} when it is not one.
 */
export function parseMailbox(text: string): { readonly localPart: string; readonly domain: string } {
  const at = text.lastIndexOf('@');
  if (at === -1 || localPartEnd(text, 0) !== at) {
    throw new ValueError(`"${text}" is not a mail address, e.g. "postmaster@example.com"`);
  }
  return { localPart: text.slice(0, at), domain: parseDomain(text.slice(at + 1)) };
}
