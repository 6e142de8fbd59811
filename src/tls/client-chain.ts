// Whether a certificate that a client has shown in TLS is one of an authority of the configuration, valid now, and strong enough.
// Promises: in doubt, it is not.

import type { X509Certificate } from 'node:crypto';
import {
  certificateProblem,
  type ChainCertificate,
  chainCertificate,
  Climb,
  forClients,
  maxCertificates,
} from './certificate-chain.ts';
import { derValues } from './certificate-parts.ts';

/** NIST SP 800-57 1, 5.6.1: less can be broken. As OpenSSL's security level 2 has it. */
const leastRsaBits = 2048;
const keyUsage = '551d0f';
/** RFC 5280 4.2.1.3: the first bit. */
const digitalSignature = 0x80;

/** Does the chain lead to one of the authorities, with certificates that are valid now and that clients may use? */
export function isIssuedForClients(
  certificate: X509Certificate,
  authorities: readonly ChainCertificate[],
  nowMs: number,
): boolean {
  const [leaf, ...sent] = sentChain(certificate).map((der) => chainCertificate(der, false));
  if (leaf === undefined || !isStrong(leaf) || !maySign(leaf)) return false;
  if (certificateProblem(leaf, 'certificate', forClients, nowMs) !== undefined) return false;
  const pool = [...authorities, ...sent].filter((one) => one !== undefined).filter(isStrong);
  return new Climb(pool, [], forClients, noWay, nowMs).problem(leaf) === undefined;
}

const noWay = {
  result: 'certificate-not-trusted',
  reason: 'none of the authorities has issued it',
} as const;

function sentChain(leaf: X509Certificate): readonly Buffer[] {
  const chain: Buffer[] = [];
  let at: X509Certificate | undefined = leaf;
  for (; at !== undefined && chain.length < maxCertificates; at = at.issuerCertificate) chain.push(at.raw);
  return chain;
}

function isStrong({ x509 }: ChainCertificate): boolean {
  try {
    const { asymmetricKeyDetails, asymmetricKeyType = '' } = x509.publicKey;
    if (asymmetricKeyType.startsWith('rsa'))
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= leastRsaBits;
    return /^(?:ec|ed25519|ed448)$/u.test(asymmetricKeyType);
  } catch {
    return false;
  }
}

/** RFC 5280 4.2.1.3: with a key usage, the key may do only that; a client signs in the handshake. */
function maySign({ parts }: ChainCertificate): boolean {
  const value = parts.extensions.find(({ id }) => id === keyUsage)?.value;
  if (value === undefined) return true;
  // A BIT STRING: the number of unused bits, then the bits.
  const bits = derValues(value)?.[0]?.content[1] ?? 0;
  return (bits & digitalSignature) !== 0;
}
