// What the verification of one message has found out, by method, in the words of RFC 8601 2.7.

import type { ArcResult, SignatureResult } from '../dkim/types.ts';
import type { DmarcVerdict } from '../dmarc/evaluate.ts';
import type { SpfVerdict } from '../spf/types.ts';

/** RFC 8601 2.7.3: does the client's address have a name that leads back to it? */
export interface IprevFinding {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  /** With the result `pass`. */
  readonly name: string;
  /** For people. */
  readonly reason: string;
}

export interface ArcFinding extends ArcResult {
  /** Sealers that are trusted say that the message passed DMARC when it came to them. */
  readonly vouches: boolean;
}

export interface SpfFindings {
  /** For the null reverse-path, that of the HELO name (RFC 7208 2.4). */
  readonly mailFrom: SpfVerdict;
  /** Undefined when the reverse-path is null: then it is the same question. */
  readonly helo: SpfVerdict | undefined;
}

/** What is known before the content. */
export interface ClientFindings {
  /** The client's IP address; empty when a front end could not tell it. */
  readonly client: string;
  readonly helo: string;
  readonly iprev: IprevFinding;
  readonly spf: SpfFindings;
}

export interface Findings extends ClientFindings {
  readonly signatures: readonly SignatureResult[];
  /** Undefined when ARC is not asked for. */
  readonly arc: ArcFinding | undefined;
  /** Of several authors, the strictest verdict. */
  readonly dmarc: DmarcVerdict;
  /** What is wrong with From; undefined when it is in order. */
  readonly authorFault: string | undefined;
}

/** The result of all DKIM signatures together: one that passes is enough (RFC 6376 6.1). Historic DomainKeys do not count. */
export function signatureResult(
  signatures: readonly SignatureResult[],
): 'pass' | 'fail' | 'none' | 'temperror' {
  const results = signatures.filter(({ method }) => method === 'dkim').map(({ result }) => result);
  if (results.includes('pass')) return 'pass';
  if (results.length === 0) return 'none';
  return results.includes('temperror') ? 'temperror' : 'fail';
}
