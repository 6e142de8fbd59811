// Reads a file with a password or a token: its text without the line end. Promise: what goes wrong is told without a byte of the content.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { GivenSecret } from '../../values/secret.ts';

const { O_RDONLY, O_NONBLOCK } = constants;
/** RFC 4954 4: a response has at most 12,288 octets of base64. */
const mostBytes = 8 * 1024;

export function readSecretFile(path: string): GivenSecret {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe would wait for its other end.
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
    if (!fstatSync(fd).isFile()) return missing(path, 'it is not a file');
    const buffer = Buffer.alloc(mostBytes + 1);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    return secretIn(path, buffer.subarray(0, length));
  } catch (error) {
    return missing(path, reasonOf(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Whether every user of this host may read the file; false when it cannot be looked at. */
export function isOpenToAll(path: string): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
    return (fstatSync(fd).mode & 0o004) !== 0;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function secretIn(path: string, bytes: Buffer): GivenSecret {
  if (bytes.length > mostBytes) return missing(path, 'it is larger than 8 KiB');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/u, '');
  } catch {
    return missing(path, 'it is not UTF-8');
  }
  if (text === '') return missing(path, 'it is empty');
  // RFC 4616 2: no NUL. A second line would be sent as a part of the password.
  return /[\0\r\n]/u.test(text)
    ? missing(path, 'it has more than one line, and the secret has to be the only one')
    : { kind: 'secret', text };
}

function missing(path: string, reason: string): GivenSecret {
  return { kind: 'missing', reason: `reading ${path}: ${reason}` };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons.get(code) ?? (code === '' ? 'it cannot be read' : code);
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'the user of the supervisor may not read it'],
  ['ENOTDIR', 'a folder of the path is a file'],
  ['ELOOP', 'its links lead in a circle'],
]);
