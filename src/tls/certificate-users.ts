// The addresses of a user in the user's certificate: those of its alternative name (rfc822Name, RFC 5280 4.2.1.6), without any the address in its
// subject (emailAddress, which RFC 5280 4.1.2.6 knows as the old way), and without that the common name when it is an address.
// Promises: no certificate makes it throw, what is no plain address is left out, and nothing else takes the place of one that is left out: an
// authority that looks at one of the three may let people choose the others.

import type { X509Certificate } from 'node:crypto';
import { derTags, derValues, readCertificateParts } from './certificate-parts.ts';

const subjectAltName = '551d11';
/** GeneralName [1], an IA5String. */
const rfc822Name = 0x81;
const mostNames = 10;
/** RFC 5321 4.5.3.1: an address has no more octets. */
const longest = 320;

export function usersOfCertificate(certificate: X509Certificate): readonly string[] {
  const alternatives = mailNames(certificate.raw);
  if (alternatives === undefined) return [];
  if (alternatives.length > 0) return alternatives.filter(isAddress).slice(0, mostNames);
  try {
    const { emailAddress, CN } = certificate.toLegacyObject().subject as Readonly<Record<string, unknown>>;
    return [emailAddress ?? CN].flat().filter(isAddress).slice(0, mostNames);
  } catch {
    return [];
  }
}

/** Undefined when it cannot be read whether there are any. */
function mailNames(der: Buffer): readonly string[] | undefined {
  const found = readCertificateParts(der)?.extensions.filter(({ id }) => id === subjectAltName);
  // RFC 5280 4.2: an extension must not be there twice.
  if (found === undefined || found.length > 1) return undefined;
  const [extension] = found;
  if (extension === undefined) return [];
  const [list] = derValues(extension.value) ?? [];
  if (list?.tag !== derTags.sequence) return undefined;
  const names = derValues(list.content);
  return names?.filter(({ tag }) => tag === rfc822Name).map(({ content }) => content.toString('latin1'));
}

/** Without characters that somebody could hide another address with. */
function isAddress(name: unknown): name is string {
  return (
    typeof name === 'string' && name.length <= longest && /^[^\s\p{C}@"<>]+@[^\s\p{C}@"<>]+$/u.test(name)
  );
}
