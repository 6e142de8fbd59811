// Who may relay by the certificate that it shows in TLS: one of some named by fingerprint, or any that an authority of the
// configuration has issued. The authorities are not in the contexts of the listener: from there, OpenSSL would also send them to clients,
// to complete our own chain. Promises: in doubt, nobody.

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
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

export class RelayCertificates {
  readonly #fingerprints: ReadonlySet<string>;
  readonly #authorities: (() => readonly ChainCertificate[]) | undefined;

  /**
   * @param fingerprints - SHA-256 of certificates, lower-case hex. Their dates do not matter: who lists a certificate means it
   * @param authorities - those of `relay_ca` now, as anchors; undefined: none are configured
   */
  constructor(fingerprints: readonly string[], authorities?: () => readonly ChainCertificate[]) {
    this.#fingerprints = new Set(fingerprints);
    this.#authorities = authorities;
  }

  /** Whether clients have to be asked for a certificate. */
  get areWanted(): boolean {
    return this.#authorities !== undefined || this.#fingerprints.size > 0;
  }

  /** @param socket - of the server, after its handshake */
  mayRelay(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): boolean {
    if (!this.areWanted) return false;
    // The client has proved in the handshake that it has the key (RFC 8446 4.4.3).
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return false;
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    if (this.#fingerprints.has(fingerprint)) return true;
    return this.#authorities !== undefined && isIssued(certificate, this.#authorities(), Date.now());
  }
}

/** Does the chain lead to one of the authorities, with certificates that are valid now and that clients may use? */
function isIssued(
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
  reason: 'no authority of relay_ca has issued it',
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
