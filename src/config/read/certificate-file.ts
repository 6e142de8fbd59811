// Reads a file with the certificates of authorities that a key names. Its mistakes are problems of the key.

import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import type { ConfigProblem } from './config-error.ts';
import { systemReason } from './config-error.ts';
import { problemOfKey, type FileKey } from './domain-file.ts';
import { readTextFile } from './text-file.ts';

const block =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gu;

/**
 * Reads the certificates of a file in PEM (RFC 7468 5); what else is in it, such as comments, is left out.
 * @param problems - to which it adds: the file cannot be read, or holds something else
 */
export function readCertificateFile(name: string, key: FileKey, problems: ConfigProblem[]): string {
  const path = resolve(key.folder, name);
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    problems.push(problemOfKey(key, `cannot read ${path}: ${systemReason(error)}`));
    return '';
  }
  key.onFileRead(path, text);
  const certificates = text.match(block) ?? [];
  if (certificates.length === 0) {
    const message = `${path} holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`;
    problems.push(problemOfKey(key, message));
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch {
      problems.push(problemOfKey(key, `certificate ${index + 1} of ${path} cannot be read: it is damaged`));
    }
  }
  return certificates.join('\n');
}
