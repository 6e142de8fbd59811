// The certificate of a Sluice that has none: self-signed, with which opportunistic TLS works, since clients without a policy take
// any (RFC 7435). Its key is kept when it is renewed, so that TLSA records of the key (3 1 1) stay right.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { buildCertificate } from './build-certificate.ts';
import { type ExaminedCertificate, examineCertificate } from './examine-certificate.ts';
import { certificatePem, pemBlocks } from './pem.ts';

const dayMs = 86_400_000;
const validDays = 365;
/** It is renewed when fewer days are left. */
const renewDays = 30;
/** Clocks differ. */
const earlierMs = dayMs;

/** RFC 5280 A.1, ub-common-name. */
const longestCommonName = 64;

/**
 * A certificate for this host: the one that is there if it still serves, or a new one.
 * @param host - its name
 * @param stored - what this function returned before, as text; empty: nothing
 */
export function selfSignedFor(host: string, stored: string, nowMs: number): ExaminedCertificate {
  const hostname = host.toLowerCase();
  const earlier = examined(stored);
  if (earlier !== undefined && isGoodFor(earlier, hostname, nowMs)) return earlier;
  const privateKey =
    earlier === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey(earlier.served.key);
  const made = examined(make(hostname, privateKey, nowMs));
  if (made === undefined) throw new Error('the self-signed certificate that was made cannot be read again');
  return made;
}

/** Whether what is stored can be used: its key, that is, since a certificate is soon made again. */
export function isUsable(stored: string): boolean {
  return examined(stored) !== undefined;
}

/** The text form, to be stored: the key and the certificate. */
export function storedForm({ served: { key, chain } }: ExaminedCertificate): string {
  return key + chain;
}

/** Whether it has to be replaced by a new one. */
export function mustRenew({ facts }: ExaminedCertificate, nowMs: number): boolean {
  return facts.untilMs - nowMs < renewDays * dayMs;
}

function isGoodFor(certificate: ExaminedCertificate, hostname: string, nowMs: number): boolean {
  const { fromMs, names } = certificate.facts;
  return fromMs <= nowMs && !mustRenew(certificate, nowMs) && names[0] === hostname;
}

function examined(text: string): ExaminedCertificate | undefined {
  if (pemBlocks(text).length === 0) return undefined;
  try {
    return examineCertificate({ chainFile: '', chain: text, keyFile: '', key: text });
  } catch {
    return undefined; // damaged: another one is made
  }
}

function make(hostname: string, privateKey: KeyObject, nowMs: number): string {
  const publicKey = createPublicKey(privateKey);
  const commonName = hostname.length <= longestCommonName ? hostname : 'Sluice';
  const fromMs = nowMs - earlierMs;
  const certificate = buildCertificate({
    commonName,
    issuer: { commonName, privateKey, publicKey },
    publicKey,
    names: [hostname],
    fromMs,
    untilMs: fromMs + validDays * dayMs,
    isAuthority: false,
  });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) + certificatePem(certificate);
}
