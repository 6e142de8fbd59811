// Builds X.509 certificates (RFC 5280), which Node can read but not make: for the self-signed certificate of a server without
// one. Keys and signatures are Node's. A library would bring a dozen packages for one certificate a year (docs/dependencies.md).

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  explicit,
  implicit,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  utf8String,
  yes,
} from './der.ts';

/** What a certificate says. */
export interface CertificateContent {
  /** Common name of the subject; at most 64 characters (RFC 5280 A.1, ub-common-name). */
  readonly commonName: string;
  readonly issuer: {
    readonly commonName: string;
    /** Signs the certificate: RSA, or ECDSA on P-256. */
    readonly privateKey: KeyObject;
    readonly publicKey: KeyObject;
  };
  readonly publicKey: KeyObject;
  /** DNS names (A-labels) that it is for. */
  readonly names: readonly string[];
  /** First and last moment of its validity, in Unix ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Whether its key may sign other certificates. */
  readonly isAuthority: boolean;
}

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2', // RFC 5758 3.2
  rsaWithSha256: '1.2.840.113549.1.1.11', // RFC 4055 5
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const version3 = Buffer.of(2);

/** @returns the certificate in DER (RFC 5280 4.1) */
export function buildCertificate(content: CertificateContent): Buffer {
  const { issuer } = content;
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const toBeSigned = sequence(
    explicit(0, integer(version3)),
    integer(newSerial()),
    algorithm,
    distinguishedName(issuer.commonName),
    sequence(time(content.fromMs), time(content.untilMs)),
    distinguishedName(content.commonName),
    spki(content.publicKey),
    explicit(3, sequence(...extensions(content))),
  );
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, issuer.privateKey)));
}

/** RFC 5280 4.1.2.2: positive, unique, at most 20 bytes. */
function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  return serial;
}

/** @throws {Error} for a key of another type */
function signatureAlgorithm({ asymmetricKeyType }: KeyObject): Buffer {
  if (asymmetricKeyType === 'ec') return sequence(objectIdentifier(oid.ecdsaWithSha256));
  if (asymmetricKeyType === 'rsa') return sequence(objectIdentifier(oid.rsaWithSha256), nothing());
  throw new Error(`certificates are signed by RSA and ECDSA keys, not ${asymmetricKeyType}`);
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOfOne(sequence(objectIdentifier(oid.commonName), utf8String(commonName))));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** RFC 7093 2: the first 160 bits of a SHA-256 digest. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(spki(key)).digest().subarray(0, 20);
}

function extensions({ isAuthority, names, publicKey, issuer }: CertificateContent): Buffer[] {
  // RFC 5280 4.2.1.3, bits from the left: digitalSignature 0, keyEncipherment 2, keyCertSign 5, cRLSign 6.
  const usage = isAuthority ? bitString(Buffer.of(0b0000_0110), 1) : bitString(Buffer.of(0b1010_0000), 5);
  const built = [
    extension(oid.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(oid.authorityKeyIdentifier, sequence(implicit(0, keyIdentifier(issuer.publicKey)))),
    criticalExtension(oid.basicConstraints, isAuthority ? sequence(yes()) : sequence()),
    criticalExtension(oid.keyUsage, usage),
  ];
  if (!isAuthority) {
    const purposes = sequence(objectIdentifier(oid.serverAuth), objectIdentifier(oid.clientAuth));
    built.push(extension(oid.extendedKeyUsage, purposes));
  }
  if (names.length > 0) {
    // RFC 5280 4.2.1.6: dNSName is [2].
    const dnsNames = names.map((name) => implicit(2, Buffer.from(name, 'ascii')));
    built.push(extension(oid.subjectAltName, sequence(...dnsNames)));
  }
  return built;
}

function extension(id: string, value: Uint8Array): Buffer {
  return sequence(objectIdentifier(id), octetString(value));
}

function criticalExtension(id: string, value: Uint8Array): Buffer {
  return sequence(objectIdentifier(id), yes(), octetString(value));
}
