// The Sender Rewriting Scheme: whoever passes on mail for a foreign sender writes an address of its own into MAIL, because the SPF record of
// the sender's domain does not name its hosts (RFC 7208); and mail to such an address, as bounces are, goes back to the sender.
//
//   user@example.com                    SRS0=hash=day=example.com=user@us         the first server that passes it on
//   SRS0=hash=day=a.example=user@first  SRS1=hash2=first==hash=day=a.example=user@us   the second: back goes straight to the first
//   SRS1=hash2=first==...@second        SRS1=hash3=first==...@us                  the third and further ones: the address grows no longer
//
// Promises: an address is reversed only if one with our secrets has made it, and SRS0 only until it expires. So nobody can have mail
// relayed by it to an address that has never sent mail through us (or to one whose domain and local part, one behind the other, are the same
// characters: the hash that all implementations make does not cover where one ends). Rewritten twice, and reversed twice, is the same address again.

import { addressOfLiteral } from '../address/domain.ts';
import { checkDomain, toAscii } from '../values/domain-name.ts';
import { ageOf, stampOf } from './srs-day.ts';
import { findSecret, srsHash } from './srs-hash.ts';
import { asciiDomain, localPartOf, partsOf } from '../address/mailbox-parts.ts';
import type { Forwarded, KeptReason, Reversed, SrsFault, SrsScheme } from './srs-types.ts';

/** RFC 5321 4.5.3.1.1: what every server has to take. Some refuse more, for good. */
const mostLocalPartOctets = 64;
/** A chain that leads from one of our addresses to another is never longer: we rewrite no address of our own. */
const mostReversals = 3;

export class Srs {
  readonly scheme: SrsScheme;
  readonly #secrets: readonly string[];
  readonly #isOwn: (domain: string) => boolean;

  /**
   * @param secrets - the first signs, all of them are good for addresses that come back; one at least
   * @param isOwn - whether senders of a domain (lower-case A-labels) are never rewritten
   */
  constructor(scheme: SrsScheme, secrets: readonly string[], isOwn: (domain: string) => boolean) {
    this.scheme = scheme;
    this.#secrets = secrets;
    this.#isOwn = isOwn;
  }

  /**
   * The sender with which a message is passed on.
   * @param address - the reverse path, without brackets
   * @param day - written into the address; see `dayOfMessage`
   */
  forward(address: string, day: number): Forwarded {
    const reason = keptReason(address, this.scheme.domain, this.#isOwn);
    if (reason !== undefined) return { kind: 'kept', reason };
    const { content, domain } = partsOf(address);
    const localPart = localPartOf(this.#rewritten(content, asciiDomain(domain), day));
    if (this.scheme.tooLong === 'keep' && Buffer.byteLength(localPart) > mostLocalPartOctets)
      return { kind: 'kept', reason: 'too-long' };
    return { kind: 'rewritten', address: `${localPart}@${this.scheme.domain}` };
  }

  /**
   * Where mail to one of our SRS addresses goes: to its sender, or to the server that has made the first address of a chain.
   * @param today - see `dayOf`
   */
  reverse(address: string, today: number): Reversed {
    let reversed = this.#reverseOnce(address, today);
    for (
      let times = 1;
      reversed.kind === 'original' && isSrsAt(reversed.address, this.scheme.domain);
      times++
    ) {
      if (times === mostReversals) return invalid('malformed');
      // Another server has made an SRS1 of an SRS0 of ours: it is ours to say where that leads.
      reversed = this.#reverseOnce(reversed.address, today);
    }
    return reversed;
  }

  #rewritten(content: string, domain: string, day: number): string {
    const { separator } = this.scheme;
    const [, number, rest = ''] = tagged.exec(content) ?? [];
    if (number === '0') {
      // The separator behind SRS0 belongs to what is kept, since it is that of the first server.
      const kept = content.slice(4);
      return `SRS1${separator}${this.#hash([domain, kept])}=${domain}=${kept}`;
    }
    const first = number === '1' ? firstHopOf(rest) : undefined;
    if (first !== undefined) {
      const { host, kept } = first;
      return `SRS1${separator}${this.#hash([host, kept])}=${host}=${kept}`;
    }
    const stamp = stampOf(day);
    return `SRS0${separator}${this.#hash([stamp, domain, content])}=${stamp}=${domain}=${content}`;
  }

  #hash(covered: readonly string[]): string {
    const [secret = ''] = this.#secrets;
    return srsHash(secret, covered, this.scheme.hashLength);
  }

  #reverseOnce(address: string, today: number): Reversed {
    const [, number, rest = ''] = tagged.exec(partsOf(address).content) ?? [];
    if (number === undefined) return invalid('not-srs');
    return number === '0' ? this.#reverseFirst(rest, today) : this.#reverseLater(rest);
  }

  #reverseFirst(rest: string, today: number): Reversed {
    const [hash = '', stamp = '', domain = '', ...content] = rest.split('=');
    const ageDays = ageOf(stamp, today);
    if (content.length === 0 || ageDays === undefined || checkDomain(domain) !== 'ok')
      return invalid('malformed');
    const original = content.join('=');
    const secret = this.#secretOf(hash, [stamp, domain, original]);
    if (secret === -1) return invalid('wrong-hash');
    // Only now: whoever tries addresses out learns nothing about those that are not ours.
    if (ageDays > this.scheme.expiryDays)
      return invalid(ageDays > 1024 - longestAhead ? 'from-the-future' : 'expired');
    return { kind: 'original', form: 'SRS0', address: `${localPartOf(original)}@${domain}`, secret, ageDays };
  }

  #reverseLater(rest: string): Reversed {
    const [hash = ''] = rest.split('=', 1);
    const first = firstHopOf(rest);
    if (first === undefined) return invalid('malformed');
    const { host, kept } = first;
    const secret = this.#secretOf(hash, [host, kept]);
    if (secret === -1) return invalid('wrong-hash');
    const address = `${localPartOf(`SRS0${kept}`)}@${host}`;
    return { kind: 'original', form: 'SRS1', address, secret, ageDays: undefined };
  }

  #secretOf(hash: string, covered: readonly string[]): number {
    return findSecret(this.#secrets, hash, covered, this.scheme.hashLength);
  }
}

// Not by the flag i: with u, it would take the long s for an s, too.
const tagged = /^[Ss][Rr][Ss]([01])[-+=](.*)$/s;

/**
 * Why a sender stays as it is, whatever the secrets are; undefined when it is to be rewritten.
 * @param srsDomain - of our SRS addresses: none of them is ever put into another one
 */
export function keptReason(
  address: string,
  srsDomain: string,
  isOwn: (domain: string) => boolean,
): Exclude<KeptReason, 'too-long'> | undefined {
  if (address === '') return 'null';
  const domain = address.slice(address.lastIndexOf('@') + 1);
  if (addressOfLiteral(domain) !== undefined) return 'literal';
  const name = toAscii(domain);
  return name === srsDomain || isOwn(name) ? 'own' : undefined;
}

/** Is the address at this domain, and does it look like one of SRS? */
export function isSrsAt(address: string, domain: string): boolean {
  // A cheap look first: nearly no recipient is one.
  if (!/^"?[Ss][Rr][Ss][01][-+=]/.test(address)) return false;
  return toAscii(address.slice(address.lastIndexOf('@') + 1)) === domain;
}

/** A stamp that would be older than this is rather one of the next days. */
const longestAhead = 32;

/** The server that has made the first address, and what follows `SRS0` there; undefined when the address has another form. */
function firstHopOf(rest: string): { readonly host: string; readonly kept: string } | undefined {
  const [hash = '', host = '', ...more] = rest.split('=');
  const kept = more.join('=');
  // With the separator "=" of the first server, the text has two of them here: the first is ours.
  if (hash === '' || more.length === 0 || !/^[-+=]/u.test(kept) || checkDomain(host) !== 'ok')
    return undefined;
  return { host, kept };
}

function invalid(fault: SrsFault): Reversed {
  return { kind: 'invalid', fault };
}
