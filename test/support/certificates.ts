// Certificates for tests: an authority, intermediates below it, and leaves with the names, dates and key type that a test
// needs. All are made when they are asked for, so none of them expires in a repository.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { buildCertificate } from '../../src/tls/build-certificate.ts';
import type { KeyType } from '../../src/tls/certificate-facts.ts';
import { certificatePem } from '../../src/tls/pem.ts';

export interface LeafChoice {
  /** DNS names; default: `mx.example.com`. */
  readonly names?: readonly string[];
  /** Default: ecdsa (P-256), which is quickest; rsa has 2048 bits. */
  readonly keyType?: KeyType;
  /** Validity in Unix ms; default: from yesterday on, for ten years. */
  readonly from?: number;
  readonly until?: number;
}

/** A certificate with its key, all as PEM. */
export interface Leaf {
  readonly certificate: string;
  /** The certificate and the intermediates up to the authority, which is not in it: the `chain` of a server. */
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[];
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  /** SHA-256 of the public key (SPKI in DER), lower-case hex: the digest of TLSA 3 1 1. */
  readonly keyFingerprint: string;
}

export interface Authority {
  /** PEM, to be trusted or sent as an intermediate. */
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly keyFingerprint: string;
  issue(choice?: LeafChoice): Leaf;
  /** An intermediate authority below this one. Chains of its leaves contain its certificate. */
  intermediate(name?: string): Authority;
}

const dayMs = 86_400_000;

/** A new authority that signed itself. */
export function makeAuthority(
  choice: {
    readonly name?: string;
    readonly keyType?: KeyType;
    readonly from?: number;
    readonly until?: number;
  } = {},
): Authority {
  const commonName = choice.name ?? 'Test Authority';
  const keys = newKeys(choice.keyType ?? 'ecdsa');
  return authority(commonName, keys, { commonName, ...keys }, [], choice);
}

/** A certificate that signed itself, as a server without an authority has. */
export function selfSigned(choice: LeafChoice & { readonly rsaBits?: number } = {}): Leaf {
  const keys = newKeys(choice.keyType ?? 'ecdsa', choice.rsaBits);
  const names = choice.names ?? ['mx.example.com'];
  return leaf(keys, { commonName: names[0] ?? 'self-signed', ...keys }, [], { ...choice, names });
}

/** A certificate that a leaf, which is no authority, has issued all the same. */
export function issuedByLeaf({ certificate, chain, key }: Leaf): Leaf {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  const commonName = /^CN=(.*)$/mu.exec(new X509Certificate(certificate).subject)?.[1] ?? '';
  return leaf(newKeys('ecdsa'), { commonName, privateKey, publicKey }, [chain], {
    names: ['below.example.com'],
  });
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
type Issuer = Keys & { readonly commonName: string };

function newKeys(type: KeyType, rsaBits = 2048): Keys {
  return type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: rsaBits })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function validity({ from, until }: Pick<LeafChoice, 'from' | 'until'>) {
  return { fromMs: from ?? Date.now() - dayMs, untilMs: until ?? Date.now() + 3650 * dayMs };
}

function authority(
  commonName: string,
  keys: Keys,
  issuer: Issuer,
  above: readonly string[],
  dates: Pick<LeafChoice, 'from' | 'until'>,
): Authority {
  const { publicKey } = keys;
  const made = buildCertificate({
    commonName,
    issuer,
    publicKey,
    names: [],
    ...validity(dates),
    isAuthority: true,
  });
  const certificate = certificatePem(made);
  const isRoot = issuer.publicKey.equals(publicKey);
  const sent = isRoot ? [] : [certificate, ...above];
  const self = { commonName, ...keys };
  return {
    certificate,
    key: keyPem(keys.privateKey),
    ...fingerprints(made, publicKey),
    issue: (choice = {}) => leaf(newKeys(choice.keyType ?? 'ecdsa'), self, sent, choice),
    intermediate: (name = 'Test Intermediate') => authority(name, newKeys('ecdsa'), self, sent, {}),
  };
}

function leaf(keys: Keys, issuer: Issuer, above: readonly string[], choice: LeafChoice): Leaf {
  const names = choice.names ?? ['mx.example.com'];
  const { publicKey } = keys;
  const made = buildCertificate({
    commonName: names[0] ?? 'leaf',
    issuer,
    publicKey,
    names,
    ...validity(choice),
    isAuthority: false,
  });
  const certificate = certificatePem(made);
  const chain = [certificate, ...above].join('');
  return { certificate, chain, key: keyPem(keys.privateKey), names, ...fingerprints(made, publicKey) };
}

function fingerprints(certificate: Uint8Array, key: KeyObject) {
  return {
    fingerprint: createHash('sha256').update(certificate).digest('hex'),
    keyFingerprint: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  };
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}
