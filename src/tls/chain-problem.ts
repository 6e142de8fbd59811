// What OpenSSL finds wrong with the chain of a peer, in words. The codes (X509_V_ERR_ without that prefix) are what people look for
// in a search engine, so they stay, in brackets.

/** Kinds of problems of a chain: what a report about them calls them differs (RFC 8460 4.3.1). */
export type ChainProblemKind = 'expired' | 'not yet valid' | 'not trusted' | 'other';

export interface ChainProblem {
  readonly kind: ChainProblemKind;
  /** A clause without a final period, with the code. */
  readonly text: string;
}

const notIssued =
  'the certificate is from no trusted authority, or the server does not send the intermediate certificate';

type Words = readonly [kind: ChainProblemKind, text: string];

const words: Readonly<Record<string, Words>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['not trusted', 'the certificate is signed by itself'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'not trusted',
    'the root of the chain that the server sends is no trusted authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT: ['not trusted', notIssued],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['not trusted', notIssued],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['not trusted', notIssued],
  CERT_UNTRUSTED: ['not trusted', 'the root of the chain is not trusted for servers'],
  INVALID_CA: ['not trusted', 'a certificate of the chain was issued by one that is no authority'],
  PATH_LENGTH_EXCEEDED: ['not trusted', 'an authority of the chain may not have so many others below it'],
  INVALID_PURPOSE: ['not trusted', 'a certificate of the chain is not for servers'],
  CERT_HAS_EXPIRED: ['expired', 'a certificate of the chain has expired'],
  CERT_NOT_YET_VALID: ['not yet valid', 'a certificate of the chain is not valid yet'],
  CERT_SIGNATURE_FAILURE: ['other', 'a signature in the chain is wrong'],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: ['other', 'a signature in the chain cannot be read'],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ['other', 'the key of an authority in the chain cannot be read'],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: ['other', 'a date in the chain cannot be read'],
  ERROR_IN_CERT_NOT_AFTER_FIELD: ['other', 'a date in the chain cannot be read'],
  CERT_CHAIN_TOO_LONG: ['other', 'the chain is too long'],
  CERT_REVOKED: ['other', 'a certificate of the chain was revoked'],
  CERT_REJECTED: ['other', 'the root of the chain is marked as not to be trusted'],
};

const unknown: Words = ['other', 'OpenSSL does not accept the chain of certificates'];
const known: ReadonlyMap<string, Words> = new Map(Object.entries(words));

/** @param code - as Node gives it in `authorizationError` */
export function chainProblem(code: string): ChainProblem {
  const [kind, text] = known.get(code) ?? unknown;
  return { kind, text: `${text} (${code})` };
}
