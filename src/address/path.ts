// Paths and mailboxes of SMTP (RFC 5321 4.1.2, RFC 6531 3.3): `<local@domain>`, `<>`, `<Postmaster>`.
// A source route and a final dot of the domain are read and dropped; nothing else is changed.

import { Buffer, isUtf8 } from 'node:buffer';
import type { AddressFault, InvalidAddress } from './address-fault.ts';
import { checkDomain, withoutFinalDot } from '../values/domain-name.ts';
import { isAddressLiteral } from './domain.ts';
import { localPartEnd } from '../values/local-part.ts';

/**
 * In octets, with the brackets: half of what the spool can keep. RFC 5321 4.5.3.1 asks every server to accept local parts of 64
 * and paths of 256 octets, and to avoid limits where possible. Bounce addresses of bulk senders and of SRS are often longer, so
 * in practice the limit of a command line is what bounds an address.
 */
const maxPathOctets = 32 * 1024;

const atSign = 0x40;
const colon = 0x3a;
const comma = 0x2c;
const less = 0x3c;
const greater = 0x3e;
const bracket = 0x5b;

/** A mailbox as it was written. */
export interface Mailbox {
  readonly kind: 'mailbox';
  /** With its quotes, if it came with quotes. */
  readonly localPart: string;
  /** As it was written, without a final dot: not in lower case, with U-labels; see `normalizeDomain`. */
  readonly domain: string;
  /** `localPart@domain`. */
  readonly address: string;
  /** Has it characters outside ASCII? Then it can only be relayed with SMTPUTF8 (RFC 6531 3.2). */
  readonly nonAscii: boolean;
}

/** The content of `<` and `>`. */
export type Path = (
  | Mailbox
  | { readonly kind: 'null'; readonly address: ''; readonly nonAscii: false }
  | { readonly kind: 'postmaster'; readonly address: string; readonly nonAscii: false }
) & {
  /** The index in the text after the closing `>`. */
  readonly end: number;
};

/** What else a path may be than a mailbox in ASCII. */
export interface PathOptions {
  /** Internationalized mailboxes (RFC 6531 3.3). */
  readonly allowUtf8?: boolean;
  /** `<>` (RFC 5321 4.5.5). */
  readonly allowNull?: boolean;
  /** `<Postmaster>` without a domain, in any case (RFC 5321 4.5.1). */
  readonly allowPostmaster?: boolean;
  /** Completes a local part without a domain (RFC 5321 6.4, for mail that is handed in for the first time). */
  readonly defaultDomain?: string;
}

/**
 * Reads a path in angle brackets that begins at `start`. The text after its `>` is not looked at.
 *
 * @param input - text, or bytes that must be UTF-8; with bytes, `start` and `end` count characters of the decoded text
 */
export function parsePath(
  input: string | Uint8Array,
  options: PathOptions = {},
  start = 0,
): Path | InvalidAddress {
  if (typeof input !== 'string' && !isUtf8(input)) return invalid('not-utf8');
  const text = typeof input === 'string' ? input : decode(input);
  if (text.charCodeAt(start) !== less) return invalid('no-brackets');
  const begin = start + 1;
  if (options.allowNull === true && text.charCodeAt(begin) === greater) {
    return { kind: 'null', address: '', nonAscii: false, end: begin + 1 };
  }
  const first = text.charCodeAt(begin) === atSign ? sourceRouteEnd(text, begin) : begin;
  if (first < 0) return invalid('domain-syntax');
  const localEnd = localPartEnd(text, first);
  if (text.charCodeAt(localEnd) !== atSign) {
    return pathWithoutDomain(text, first, localEnd, options);
  }
  const end = text.indexOf('>', localEnd);
  if (end === -1) return invalid('no-brackets');
  const mailbox = mailboxOf(text, first, localEnd, end, options.allowUtf8 === true);
  if (mailbox.kind === 'invalid') return mailbox;
  // Octets are counted only when a character may have several of them.
  const octets = mailbox.nonAscii ? Buffer.byteLength(text.slice(start, end + 1)) : end + 1 - start;
  if (octets > maxPathOctets) return invalid('path-too-long');
  return mailbox;
}

/**
 * Reads a mailbox `local@domain` of a configuration or a command line, without brackets, blanks or comments.
 * Internationalized mailboxes are allowed.
 */
export function parseMailbox(text: string): Mailbox | InvalidAddress {
  const localEnd = localPartEnd(text, 0);
  if (text.charCodeAt(localEnd) !== atSign) {
    return invalid(faultWithoutDomain(text, 0, localEnd, text.length));
  }
  const mailbox = mailboxOf(text, 0, localEnd, text.length, true);
  if (mailbox.kind === 'mailbox' && Buffer.byteLength(text) + 2 > maxPathOctets)
    return invalid('path-too-long');
  return mailbox;
}

function mailboxOf(
  text: string,
  first: number,
  at: number,
  end: number,
  allowUtf8: boolean,
): (Mailbox & { readonly end: number }) | InvalidAddress {
  const nonAscii = hasNonAscii(text, first, end);
  if (nonAscii && !allowUtf8) return invalid('non-ascii');
  if (nonAscii && !text.slice(first, end).isWellFormed()) return invalid('not-utf8');
  const domainStart = at + 1;
  if (domainStart === end) return invalid('no-domain');
  let domainEnd = end;
  if (text.charCodeAt(domainStart) === bracket) {
    if (!isAddressLiteral(text.slice(domainStart, end))) return invalid('literal-syntax');
  } else {
    domainEnd = withoutFinalDot(text, domainStart, end);
    const verdict = checkDomain(text, domainStart, domainEnd);
    if (verdict !== 'ok') return invalid(verdict);
  }
  return {
    kind: 'mailbox',
    localPart: text.slice(first, at),
    domain: text.slice(domainStart, domainEnd),
    address: text.slice(first, domainEnd),
    nonAscii,
    end: end + 1,
  };
}

function pathWithoutDomain(
  text: string,
  first: number,
  localEnd: number,
  options: PathOptions,
): Path | InvalidAddress {
  const end = localEnd < 0 ? text.indexOf('>', first) : localEnd;
  if (end < 0) return invalid('no-brackets');
  const address = text.slice(first, end);
  // RFC 5321 4.1.1.3: "<Postmaster>", in any case.
  if (
    options.allowPostmaster === true &&
    text.charCodeAt(end) === greater &&
    address.toLowerCase() === 'postmaster'
  ) {
    return { kind: 'postmaster', address, nonAscii: false, end: end + 1 };
  }
  const { defaultDomain } = options;
  if (defaultDomain !== undefined && localEnd > first && text.charCodeAt(localEnd) === greater) {
    const completed = parsePath(`<${address}@${defaultDomain}>`, options);
    return completed.kind === 'invalid' ? completed : { ...completed, end: end + 1 };
  }
  return invalid(faultWithoutDomain(text, first, localEnd, end));
}

/** The fault of a path that has no `@` where its local part ends. */
function faultWithoutDomain(text: string, first: number, localEnd: number, end: number): AddressFault {
  if (first >= end)
    return first === end && text.charCodeAt(first) === greater ? 'null-not-allowed' : 'no-local-part';
  if (text.charCodeAt(first) === atSign) return 'no-local-part';
  if (localEnd < 0) return 'local-part-syntax';
  const next = text.charCodeAt(localEnd);
  return localEnd >= text.length || next === greater ? 'no-domain' : 'local-part-syntax';
}

/**
 * RFC 5321 4.1.1.3 and appendix C: `@one.example,@two.example:` before the mailbox must be accepted, and should be ignored.
 *
 * @returns the index after the colon, or -1
 */
function sourceRouteEnd(text: string, begin: number): number {
  let i = begin;
  for (;;) {
    if (text.charCodeAt(i) !== atSign) return -1;
    const from = i + 1;
    let to = from;
    while (to < text.length && !endsRouteDomain(text.charCodeAt(to))) to++;
    if (checkDomain(text, from, withoutFinalDot(text, from, to)) !== 'ok') return -1;
    const c = text.charCodeAt(to);
    if (c === colon) return to + 1;
    if (c !== comma) return -1;
    i = to + 1;
  }
}

function endsRouteDomain(c: number): boolean {
  return c === colon || c === comma || c === greater;
}

function hasNonAscii(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) > 0x7f) return true;
  return false;
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function invalid(reason: AddressFault): InvalidAddress {
  return { kind: 'invalid', reason };
}
