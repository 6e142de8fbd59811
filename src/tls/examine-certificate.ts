// Checks a chain and a key, as an administrator put them into files, before they are served: they are what they should be, belong
// together, stand in the right order, and OpenSSL takes them. Dates are not checked: an expired certificate is served with a
// warning, because most clients on port 25 do not look at dates.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CertificateError } from './certificate-error.ts';
import type { CertificateFacts, KeyType } from './certificate-facts.ts';
import { describeCertificate } from './describe-certificate.ts';
import { opensslReason } from './openssl-reason.ts';
import { pemBlocks } from './pem.ts';
import type { ServedCertificate } from './tls-material.ts';

/** The content of the files of one `[[certificate]]`, with their paths for messages. */
export interface CertificateTexts {
  readonly chainFile: string;
  readonly chain: string;
  readonly keyFile: string;
  readonly key: string;
  /** Names that it is served for; undefined: those of the certificate. */
  readonly names?: readonly string[] | undefined;
}

export interface ExaminedCertificate {
  readonly facts: CertificateFacts;
  readonly served: ServedCertificate;
}

/** @throws {CertificateError} that says what is wrong with which file */
export function examineCertificate(texts: CertificateTexts): ExaminedCertificate {
  const chain = readChain(texts);
  const [leaf] = chain;
  const key = readKey(texts);
  checkTogether(texts, chain, key.object);
  const type = keyType(leaf, texts);
  const pem = { chain: chain.map(String).join(''), key: key.pem };
  checkTaken(texts, pem);
  const described = describeCertificate(leaf);
  const names = texts.names ?? described.names;
  return {
    facts: { ...described, file: texts.chainFile, names, keyType: type },
    served: { ...pem, keyType: type, names },
  };
}

/** All certificates of a text. @throws {CertificateError} `CERTIFICATE_FORM` */
export function certificatesIn(text: string, file: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pemBlocks(text).filter(
    ({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE',
  );
  const [first, ...rest] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block.text);
    } catch (error) {
      throw new CertificateError(
        'CERTIFICATE_FORM',
        `Reading the certificates in ${file}: number ${index + 1} is damaged.`,
        'Install the file again, in PEM form, as the authority gave it.',
        { cause: error },
      );
    }
  });
  if (first !== undefined) return [first, ...rest];
  throw new CertificateError(
    'CERTIFICATE_FORM',
    `Reading the certificates in ${file}: the file holds no certificate in PEM form.`,
    'Name a file with blocks that begin with "-----BEGIN CERTIFICATE-----". "openssl x509 -inform der -in FILE -out NEW" converts one in DER.',
  );
}

function readChain({ chain, chainFile }: CertificateTexts) {
  return certificatesIn(chain, chainFile);
}

function readKey({ key, keyFile }: CertificateTexts): { readonly object: KeyObject; readonly pem: string } {
  const block = pemBlocks(key).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) {
    throw new CertificateError(
      'CERTIFICATE_FORM',
      `Reading the private key in ${keyFile}: the file holds no private key in PEM form.`,
      'Name a file with a block that begins with "-----BEGIN PRIVATE KEY-----", or "BEGIN EC" or "BEGIN RSA".',
    );
  }
  // RFC 7468 11, and the older form with a header.
  if (block.label.startsWith('ENCRYPTED') || /^Proc-Type:.*ENCRYPTED/mu.test(block.text)) {
    throw new CertificateError(
      'CERTIFICATE_KEY_ENCRYPTED',
      `Reading the private key in ${keyFile}: it is encrypted, and nobody is there to type its password.`,
      'Store it without a password, readable for root only: openssl pkey -in FILE -out NEW.',
    );
  }
  try {
    return { object: createPrivateKey(block.text), pem: block.text };
  } catch {
    // The cause is left out: it must not bring anything of the key into a log.
    throw new CertificateError(
      'CERTIFICATE_FORM',
      `Reading the private key in ${keyFile}: it is damaged.`,
      'Install the file again, in PEM form.',
    );
  }
}

/** RFC 8446 4.4.2: the server's certificate comes first; each following one should certify the one before it. */
function checkTogether(
  { chainFile, keyFile }: CertificateTexts,
  chain: readonly [X509Certificate, ...X509Certificate[]],
  key: KeyObject,
): void {
  const [leaf] = chain;
  if (!leaf.checkPrivateKey(key)) {
    const at = chain.findIndex((each) => each.checkPrivateKey(key));
    if (at === -1) {
      throw new CertificateError(
        'CERTIFICATE_KEY_OTHER',
        `Comparing ${keyFile} with ${chainFile}: the key does not belong to the certificate.`,
        'Name the key with which the certificate was requested. After a renewal, replace both files.',
      );
    }
    throw orderError(chainFile, `the certificate of the key is number ${at + 1}, and must be the first`);
  }
  for (const [index, each] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined || each.checkIssued(issuer)) continue;
    throw orderError(chainFile, `number ${index + 2} is not the issuer of number ${index + 1}`);
  }
}

function orderError(chainFile: string, why: string): CertificateError {
  return new CertificateError(
    'CERTIFICATE_ORDER',
    `Reading the certificates in ${chainFile}: ${why}.`,
    "Write the server's certificate first, then the one that issued it, and so on; leave out what does not belong there.",
  );
}

function keyType(
  { publicKey: { asymmetricKeyType } }: X509Certificate,
  { chainFile }: CertificateTexts,
): KeyType {
  if (asymmetricKeyType === 'ec') return 'ecdsa';
  if (asymmetricKeyType === 'rsa') return 'rsa';
  throw new CertificateError(
    'CERTIFICATE_KEY_TYPE',
    `Reading the certificate in ${chainFile}: its key is of the type ${asymmetricKeyType}, with which many mail servers cannot connect.`,
    'Use a certificate with an ECDSA or RSA key.',
  );
}

/** OpenSSL refuses keys and signatures that are too weak, for example. */
function checkTaken(
  { chainFile }: CertificateTexts,
  pem: { readonly chain: string; readonly key: string },
): void {
  try {
    createSecureContext({ cert: pem.chain, key: pem.key, ca: [] });
  } catch (error) {
    throw new CertificateError(
      'CERTIFICATE_REFUSED',
      `Using the certificate in ${chainFile}: OpenSSL refuses it (${opensslReason(error)}).`,
      'Get a certificate with an RSA key of at least 2048 bits or an ECDSA key, signed with SHA-256.',
    );
  }
}
