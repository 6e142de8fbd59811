// What the verification of signatures asks for and what it says: keys come through a contract, so that this room knows no resolver, and
// results are values for Authentication-Results (RFC 8601), for policies and for the log.

/** The results of RFC 8601 2.7.1. */
export type AuthResult = 'none' | 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';

/** Where a public key is published: the TXT records of `<selector>._domainkey.<domain>` (RFC 6376 3.6.2.1). */
export interface KeyQuestion {
  readonly selector: string;
  /** Lower-case A-labels. */
  readonly domain: string;
}

export type KeyAnswer =
  /** @param records - each with its character-strings joined without a separator */
  | { readonly kind: 'records'; readonly records: readonly string[] }
  /** There is no such name, or it has no TXT record. */
  | { readonly kind: 'none' }
  /** Nobody could tell now: a later attempt may bring the key. */
  | { readonly kind: 'temperror'; readonly reason: string };

/** Never rejects: a look-up that fails is a `temperror`. */
export type LookUpKey = (question: KeyQuestion) => Promise<KeyAnswer>;

/** Answers by name, as `keyNameOf` makes it. */
export type KeyAnswers = ReadonlyMap<string, KeyAnswer>;

/** What became of one signature. */
export interface SignatureResult {
  readonly method: 'dkim' | 'domainkeys';
  readonly result: Exclude<AuthResult, 'none'>;
  /** `d=`, as lower-case A-labels; empty when it cannot be read. */
  readonly domain: string;
  readonly selector: string;
  /** `i=`, when it was given. */
  readonly identity: string | undefined;
  /** `a=` as written; empty when it cannot be read. */
  readonly algorithm: string;
  /** The first characters of `b=`, as many as tell the signatures of the message apart (RFC 6008). */
  readonly signature: string;
  /** Why it did not pass, for people; printable ASCII. */
  readonly reason: string | undefined;
  /** The key is published with `t=y`: its domain is only testing. That changes no result (RFC 6376 3.6.1). */
  readonly isTesting: boolean;
}

/** The DNS name under which a key is published. */
export function keyNameOf({ selector, domain }: KeyQuestion): string {
  return `${selector}._domainkey.${domain}`;
}

/** What became of the ARC chain (RFC 8617 5.2). */
export interface ArcResult {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror';
  readonly reason: string | undefined;
  /** The domains of the seals, from the first to the last. Only who trusts all of them may use the chain. */
  readonly sealers: readonly string[];
  /** What the last sealer says that it found: its ARC-Authentication-Results, without the instance; empty unless the chain passes. */
  readonly authenticationResults: string;
}
