// Certificates that no good authority would issue, for tests of what refuses them: each choice makes one thing odd.

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
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
} from '../../src/tls/der.ts';
import { certificatePem } from '../../src/tls/pem.ts';

/** Extended key usages (RFC 5280 4.2.1.12). */
export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';
export const anyPurpose = '2.5.29.37.0';
/** An extension that nobody knows. */
export const strangeExtension = '1.3.6.1.4.1.99999.1';
export const nameConstraints = '2.5.29.30';

type Digest = 'sha256' | 'sha1' | 'md5';

interface Common {
  /** Extended key usages; default: none are said. */
  readonly purposes?: readonly string[];
  /** The first byte of the key usage; default: what its key does. */
  readonly keyUsage?: number;
  /** Object identifier of one more extension, which is critical. */
  readonly critical?: string;
  /** With which its issuer signs. */
  readonly digest?: Digest;
  /** An RSA key of this length; default: ECDSA on P-256. */
  readonly rsaBits?: number;
}

export interface OddLeafChoice extends Common {
  /** DNS names. The first is the common name, too. */
  readonly names?: readonly string[];
  /** Mail addresses (rfc822Name), in front of these. */
  readonly mail?: readonly string[];
  /** In the subject. */
  readonly emailAddress?: string;
}

export interface OddAuthorityChoice extends Common {
  readonly name?: string;
  /** Default: true. */
  readonly isAuthority?: boolean;
  /** How many authorities may be below it. */
  readonly pathLength?: number;
}

export interface OddLeaf {
  readonly certificate: string;
  /** With the intermediates. */
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly fingerprint: string;
  readonly keyFingerprint: string;
}

export interface OddAuthority {
  readonly certificate: string;
  issue(choice?: OddLeafChoice): OddLeaf;
  intermediate(choice?: OddAuthorityChoice): OddAuthority;
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
interface Issuer extends Keys {
  readonly name: string;
  readonly emailAddress?: string | undefined;
}

const dayMs = 86_400_000;
const signatureIds: Readonly<Record<'rsa' | 'ec', Readonly<Record<Digest, string>>>> = {
  rsa: {
    sha256: '1.2.840.113549.1.1.11',
    sha1: '1.2.840.113549.1.1.5',
    md5: '1.2.840.113549.1.1.4',
  },
  // There is no ECDSA with MD5.
  ec: { sha256: '1.2.840.10045.4.3.2', sha1: '1.2.840.10045.4.1', md5: '' },
};

/** An authority that signed itself. With `rsaBits` it can sign with MD5. */
export function oddAuthority(choice: OddAuthorityChoice = {}): OddAuthority {
  const keys = newKeys(choice);
  const issuer = { ...keys, name: choice.name ?? 'Odd Root' };
  return authority(choice, issuer, issuer, []);
}

function newKeys({ rsaBits }: Common): Keys {
  return rsaBits === undefined
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: rsaBits });
}

function authority(
  choice: OddAuthorityChoice,
  self: Issuer,
  issuer: Issuer,
  above: readonly string[],
): OddAuthority {
  const { isAuthority = true, keyUsage = 0b0000_0110, pathLength } = choice;
  const length = pathLength === undefined ? [] : [integer(Buffer.of(pathLength))];
  const constraints = isAuthority ? sequence(yes(), ...length) : sequence();
  const made = build(self, issuer, choice, [
    critical('2.5.29.19', constraints),
    critical('2.5.29.15', bitString(Buffer.of(keyUsage))),
  ]);
  const certificate = certificatePem(made);
  const sent = issuer === self ? [] : [certificate, ...above];
  return {
    certificate,
    issue: (leafChoice = {}) => leaf(leafChoice, self, sent),
    intermediate: (lower = {}) => {
      const lowerSelf = { ...newKeys(lower), name: lower.name ?? 'Odd Intermediate' };
      return authority(lower, lowerSelf, self, sent);
    },
  };
}

function leaf(choice: OddLeafChoice, issuer: Issuer, above: readonly string[]): OddLeaf {
  const { names = ['mx.example.com'], mail = [], emailAddress, keyUsage = 0b1010_0000 } = choice;
  const keys = newKeys(choice);
  const alternatives = [
    ...mail.map((name) => implicit(1, Buffer.from(name))),
    ...names.map((name) => implicit(2, Buffer.from(name))),
  ];
  const made = build({ ...keys, name: names[0] ?? 'leaf', emailAddress }, issuer, choice, [
    critical('2.5.29.19', sequence()),
    critical('2.5.29.15', bitString(Buffer.of(keyUsage))),
    extension('2.5.29.17', sequence(...alternatives)),
  ]);
  const certificate = certificatePem(made);
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' });
  return {
    certificate,
    chain: [certificate, ...above].join(''),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    names,
    fingerprint: createHash('sha256').update(made).digest('hex'),
    keyFingerprint: createHash('sha256').update(spki).digest('hex'),
  };
}

function build(self: Issuer, issuer: Issuer, choice: Common, extensions: readonly Buffer[]): Buffer {
  const { critical: strange, digest = 'sha256', purposes } = choice;
  const isRsa = issuer.privateKey.asymmetricKeyType === 'rsa';
  const id = objectIdentifier(signatureIds[isRsa ? 'rsa' : 'ec'][digest]);
  const algorithm = isRsa ? sequence(id, nothing()) : sequence(id);
  const now = Date.now();
  const all = [
    ...extensions,
    ...(purposes === undefined ? [] : [extension('2.5.29.37', sequence(...purposes.map(objectIdentifier)))]),
    ...(strange === undefined ? [] : [critical(strange, valueOf(strange))]),
  ];
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
    algorithm,
    nameOf(issuer.name),
    sequence(time(now - dayMs), time(now + 100 * dayMs)),
    nameOf(self.name, self.emailAddress),
    self.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...all)),
  );
  return sequence(toBeSigned, algorithm, bitString(sign(digest, toBeSigned, issuer.privateKey)));
}

function nameOf(commonName: string, emailAddress?: string): Buffer {
  const part = (id: string, text: string) => setOfOne(sequence(objectIdentifier(id), utf8String(text)));
  const more = emailAddress === undefined ? [] : [part('1.2.840.113549.1.9.1', emailAddress)];
  return sequence(part('2.5.4.3', commonName), ...more);
}

/** RFC 5280 4.2.1.10: names below example.com are permitted. OpenSSL reads this extension, and no other one that is used here. */
function valueOf(id: string): Buffer {
  if (id !== nameConstraints) return octetString(Buffer.of(1));
  return sequence(explicit(0, sequence(implicit(2, Buffer.from('example.com')))));
}

function extension(id: string, value: Uint8Array): Buffer {
  return sequence(objectIdentifier(id), octetString(value));
}

function critical(id: string, value: Uint8Array): Buffer {
  return sequence(objectIdentifier(id), yes(), octetString(value));
}
