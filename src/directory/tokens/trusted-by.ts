// The authorities by which the certificate of an issuer is checked.

import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { systemContext } from '../../sts/system-context.ts';

/**
 * @param ca - a file in PEM form, which is read each time; undefined: the authorities of the system
 * @throws {Error} when the file cannot be read, or holds no certificate
 */
export async function trustedBy(ca: string | undefined): Promise<SecureContext> {
  if (ca === undefined) return systemContext();
  const pem = await readFile(ca, 'utf8');
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(`${ca}: it holds no certificate in PEM form`);
  return createSecureContext({ ca: pem });
}
