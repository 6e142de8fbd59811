// Reads the files of certificates, keys and authorities, and tells whether they have changed since.

import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { CertificateError } from './certificate-error.ts';

/** A file of more than this holds something else: all authorities of the web together take 220 KB. */
const mostBytes = 1024 * 1024;
const { O_RDONLY, O_NONBLOCK } = constants;

export interface ReadFile {
  readonly text: string;
  /** Whether every user of this host may read it. */
  readonly isOpenToAll: boolean;
}

/** @throws {CertificateError} `CERTIFICATE_FILE` */
export function readCertificateFile(path: string): ReadFile {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe would wait for its other end.
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not a file');
    return { text: readAll(fd), isOpenToAll: isOpenToAll(stats) };
  } catch (error) {
    throw new CertificateError(
      'CERTIFICATE_FILE',
      `Reading ${path}: ${reasonOf(error)}.`,
      'Correct the path in the configuration, or let the user who starts Sluice read the file; started by root, only root needs to.',
      { cause: error },
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * One text for the state of files: another one when any has changed, appeared or gone. A link counts as the file behind it, so
 * that a renewal is seen which only points the link elsewhere.
 */
export async function fileVersions(paths: readonly string[]): Promise<string> {
  const versions = await Promise.all(
    paths.map((path) => stat(path, { bigint: true }).then(versionOf, reasonOf)),
  );
  return versions.join(' ');
}

/** The same at once: for the moment before the files are read. */
export function fileVersionsNow(paths: readonly string[]): string {
  const versions = paths.map((path) => {
    try {
      return versionOf(statSync(path, { bigint: true }));
    } catch (error) {
      return reasonOf(error);
    }
  });
  return versions.join(' ');
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

function readAll(fd: number): string {
  const buffer = Buffer.alloc(mostBytes + 1);
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, buffer.length - length, length);
    length += count;
    if (length > mostBytes) throw new Error('it is larger than 1 MiB');
    if (count === 0) return buffer.toString('latin1', 0, length);
  }
}

function isOpenToAll({ mode }: Stats): boolean {
  return (mode & 0o004) !== 0;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.message;
  const known = reasons.get(String(error.code));
  return known ?? String(error.code);
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'this user may not read it'],
  ['ENOTDIR', 'a folder of the path is a file'],
  ['ELOOP', 'its links lead in a circle'],
]);
