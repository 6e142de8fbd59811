// Whom a rule is about: a network, a name, a user, programs of this host, or everyone; and the key under which a set of rules keeps it.

import type { DomainPattern } from '../../values/domain.ts';
import { formatDomainPattern, parseDomain } from '../../values/domain.ts';
import { formatNetwork, type Network, networkBits, parseNetwork } from '../../values/network.ts';
import { ValueError } from '../../values/value-error.ts';
import { tableKey } from '../table-key.ts';

export type RuleSubject =
  | { readonly kind: 'network'; readonly network: Network }
  /** By the client's verified name. */
  | { readonly kind: 'name'; readonly pattern: DomainPattern }
  /** Clients that have a verified name. */
  | { readonly kind: 'named' }
  /** `joe@example.com`, `@example.com` for all users of a domain, `*` for all users. */
  | { readonly kind: 'user'; readonly user: string }
  /** Programs of this host, which have no address. */
  | { readonly kind: 'local' }
  /** Every client that has an address. */
  | { readonly kind: 'everyone' };

const userMark = 'user:';

/**
 * Reads whom a rule is about, in Sluice's own form.
 * @throws {ValueError} when it is nobody; the message is a clause without a final period
 */
export function parseSubject(text: string): RuleSubject {
  if (text === '*') return { kind: 'everyone' };
  if (text === 'local' || text === 'named') return { kind: text };
  if (text.startsWith(userMark)) return userSubject(text.slice(userMark.length));
  if (/^\d{1,3}\.(?:\d{1,3}\.){0,2}$/u.test(text)) {
    const network = networkOfPrefix(text);
    const advice = network === undefined ? '' : `; write ${formatNetwork(network)}`;
    throw new ValueError(`${text} is no network in the form with a slash${advice}`);
  }
  if (text.includes(':') || text.includes('/') || /^[\d.]+$/u.test(text))
    return { kind: 'network', network: parseNetwork(text) };
  return { kind: 'name', pattern: parseName(text) };
}

/** The network of an address prefix such as `10.0.`, as tcprules has it; undefined when it is none. */
export function networkOfPrefix(prefix: string): Network | undefined {
  const octets = prefix.split('.');
  // The text ends in a dot.
  if (octets.pop() !== '' || octets.length < 1 || octets.length > 3) return undefined;
  if (!octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/u.test(octet) && Number(octet) <= 255)) return undefined;
  return {
    address: [...octets, '0', '0', '0'].slice(0, 4).join('.'),
    prefix: 8 * octets.length,
  };
}

/** Writes a subject in the form that `parseSubject` reads. */
export function formatSubject(subject: RuleSubject): string {
  switch (subject.kind) {
    case 'network':
      return formatNetwork(subject.network);
    case 'name':
      return formatDomainPattern(subject.pattern);
    case 'user':
      return userMark + subject.user;
    case 'everyone':
      return '*';
    default:
      return subject.kind;
  }
}

/** The keys of subjects that have no value. */
export const keys = { named: 'named', local: 'local', everyone: '*', anyUser: 'u:*' } as const;

/** The key of a subject. Two texts for the same network, name or user have the same. */
export function subjectKey(subject: RuleSubject): string {
  switch (subject.kind) {
    case 'network': {
      const read = networkBits(subject.network);
      return read === undefined ? '' : networkKey(read.words, read.bits, read.length);
    }
    case 'name':
      return subject.pattern.kind === 'exact'
        ? nameKey(subject.pattern.domain)
        : suffixKey(subject.pattern.domain);
    case 'user':
      return subject.user === '*' ? keys.anyUser : userKey(subject.user);
    default:
      return keys[subject.kind];
  }
}

/**
 * The key of the network of this length that an address is in.
 * @param words - as `readAddress` read it, with the bits that it returned
 */
export function networkKey(words: Uint32Array, bits: 32 | 128, length: number): string {
  const first = masked(words[0] ?? 0, length);
  if (bits === 32) return `4:${length}:${first}`;
  let key = `6:${length}:${first}`;
  for (let at = 1, left = length - 32; left > 0; at++, left -= 32) key += `:${masked(words[at] ?? 0, left)}`;
  return key;
}

/** @param name - in lower-case A-labels, without a final dot */
export function nameKey(name: string): string {
  return `n:${name}`;
}

/** @param name - of a domain, for all names under it */
export function suffixKey(name: string): string {
  return `s:${name}`;
}

export function userKey(user: string): string {
  return `u:${tableKey(user)}`;
}

/** The first `left` bits of a word. */
function masked(word: number, left: number): number {
  return left >= 32 ? word : left === 0 ? 0 : ((word >>> (32 - left)) << (32 - left)) >>> 0;
}

function userSubject(user: string): RuleSubject {
  if (!/^(?:\*|[^\s@]*@?[^\s@]+)$/u.test(user)) {
    throw new ValueError(
      `"${userMark}${user}" names no user; write user:joe@example.com, user:@example.com for all users of a domain, or user:*`,
    );
  }
  return { kind: 'user', user };
}

function parseName(text: string): DomainPattern {
  // Both forms are in use for all names under a domain.
  const isSuffix = text.startsWith('*.') || text.startsWith('.');
  const name = isSuffix ? text.slice(text.indexOf('.') + 1) : text;
  if (!isSuffix && !name.includes('.')) {
    throw new ValueError(
      `"${text}" is no client; write a network (192.0.2.0/24), a name (mail.example.com, *.example.com), user:joe@example.com, local, named or *`,
    );
  }
  return { kind: isSuffix ? 'suffix' : 'exact', domain: parseDomain(name) };
}
