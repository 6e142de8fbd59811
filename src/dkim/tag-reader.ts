// Reads the tags of a signature as what they mean (RFC 6376 3.5). Keeps the first fault, so that whoever reads all tags knows afterwards
// whether all of them are well-formed, and what could be read nevertheless.

import { checkDomain, toAscii } from '../values/domain-name.ts';
import type { BodyCanonicalization } from './body-canon.ts';
import type { HeaderCanonicalization } from './header-block.ts';
import { maxSignedNames } from './limits.ts';
import { type Tag, withoutBlanks } from './tag-list.ts';

export type SigningAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** Why a signature is not verified. */
export interface TagFault {
  readonly result: 'neutral' | 'permerror';
  readonly reason: string;
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const fieldName = /^[\x21-\x39\x3c-\x7e]+$/;

export class TagReader {
  readonly tags: ReadonlyMap<string, Tag>;
  #fault: TagFault | undefined;

  constructor(tags: ReadonlyMap<string, Tag>) {
    this.tags = tags;
  }

  /** The first fault that was found. */
  get fault(): TagFault | undefined {
    return this.#fault;
  }

  refuse(reason: string, result: TagFault['result'] = 'permerror'): void {
    this.#fault ??= { result, reason };
  }

  /** The value, or an empty text. */
  optional(name: string): string {
    return this.tags.get(name)?.value ?? '';
  }

  /** The value of a tag that has to be there. */
  required(name: string): string {
    const tag = this.tags.get(name);
    if (tag === undefined) this.refuse(`the tag ${name}= is missing`);
    return tag?.value ?? '';
  }

  /** `a=`: only an algorithm that may be verified. */
  algorithm(): SigningAlgorithm | undefined {
    const name = this.required('a').toLowerCase();
    if (name === 'rsa-sha256' || name === 'ed25519-sha256') return name;
    // RFC 8301 3.1: it must not be verified.
    if (name === 'rsa-sha1') this.refuse('rsa-sha1 is not accepted any more (RFC 8301)');
    else this.refuse('its algorithm is not known here', 'neutral');
    return undefined;
  }

  /** Base64 with folding white space in it (RFC 6376 2.10). */
  base64(name: string): Buffer {
    const text = withoutBlanks(this.required(name));
    if (!base64.test(text)) this.refuse(`the tag ${name}= is not base64`);
    return Buffer.from(text, 'base64');
  }

  /** A domain or a selector as lower-case A-labels; RFC 8616 3 allows U-labels. Empty when it is none. */
  domain(name: 'd' | 's'): string {
    const text = utf8Of(this.required(name));
    if (checkDomain(text) === 'ok') return toAscii(text);
    this.refuse(`the tag ${name}= is not a ${name === 'd' ? 'domain' : 'selector'}`);
    return '';
  }

  /** `c=`: without it both are simple, and without its second part the body is. */
  canonicalizations(): readonly [HeaderCanonicalization, BodyCanonicalization] {
    const text = (this.tags.get('c')?.value ?? 'simple').toLowerCase();
    const [header = '', body = 'simple', ...more] = text.split('/', 3);
    if (more.length === 0 && isCanonicalization(header) && isCanonicalization(body)) return [header, body];
    this.refuse('its canonicalization is not known here');
    return ['simple', 'simple'];
  }

  /** `h=`, in lower case. An empty name stands for no field, so it does no harm. */
  signedNames(): readonly string[] {
    const names = this.required('h')
      .split(':', maxSignedNames + 1)
      .map((name) => withoutBlanks(name).toLowerCase())
      .filter((name) => name !== '');
    if (names.length > maxSignedNames) this.refuse(`the tag h= has more than ${maxSignedNames} names`);
    else if (!names.every((name) => fieldName.test(name)))
      this.refuse('the tag h= has a name that no field can have');
    return names;
  }

  /** The domain of `i=` has to be `domain` or below it. Its local part may be anything: it is only told. */
  identity(domain: string): string | undefined {
    const tag = this.tags.get('i');
    if (tag === undefined) return undefined;
    const identity = utf8Of(withoutBlanks(tag.value));
    const host = identity.slice(identity.lastIndexOf('@') + 1);
    if (!identity.includes('@') || checkDomain(host) !== 'ok') this.refuse('the tag i= is not an address');
    else if (!isWithin(toAscii(host), domain)) this.refuse('the domain of i= is not within d=');
    return identity;
  }

  /** `q=`: what is not known is ignored, and dns/txt is the only one there is. */
  query(): void {
    const tag = this.tags.get('q');
    if (tag === undefined) return;
    if (!tag.value.split(':').some((query) => withoutBlanks(query).toLowerCase() === 'dns/txt'))
      this.refuse('its key is published in no way that is known here');
  }

  number(name: string, maxDigits: number): number | undefined {
    const tag = this.tags.get(name);
    if (tag === undefined) return undefined;
    if (tag.value.length <= maxDigits && /^\d+$/.test(tag.value)) return Number(tag.value);
    this.refuse(`the tag ${name}= is not a number of at most ${maxDigits} digits`);
    return undefined;
  }
}

/** Is it the domain itself, or below it? */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

function isCanonicalization(text: string): text is 'simple' | 'relaxed' {
  return text === 'simple' || text === 'relaxed';
}

function utf8Of(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
