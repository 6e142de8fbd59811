// Reads the file of a private key, and checks who may read it. Nothing of a key is ever put into a message.

import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { systemReason } from '../config/read/config-error.ts';
import { parsePrivateKey, type PrivateKey } from './private-key.ts';

/** What the file is now. */
export type KeyFile =
  | {
      readonly kind: 'key';
      readonly key: PrivateKey;
      readonly state: string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'absent' }
  /**
   * @param reason - a clause about the file
   * @param state - undefined: the system has not let us read it, for a reason that may pass while the file stays as it is
   */
  | { readonly kind: 'unusable'; readonly reason: string; readonly state: string | undefined };

/** A key of 4096 bits in PEM form has about 3,300 bytes; comments may be around it. */
const mostBytes = 64 * 1024;
const writableByOthers = 0o022n;
const readableByAll = 0o004n;

/** Tells whether a file is still the one that was read; undefined when there is none. */
export async function keyFileState(path: string): Promise<string | undefined> {
  try {
    return stateOf(await stat(path, { bigint: true }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file that cannot be reached may be there: that is not the same as a domain without a key.
    return code === 'ENOENT' ? undefined : (code ?? 'unreachable');
  }
}

export async function readKeyFile(path: string): Promise<KeyFile> {
  try {
    // Opening a named pipe would wait for its writer.
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return { kind: 'unusable', reason: 'it is not a file', state: stateOf(stats) };
    const handle = await open(path, 'r');
    try {
      return await readOpen(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unusable', reason: systemReason(error), state: undefined };
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function readOpen(handle: Handle): Promise<KeyFile> {
  const stats = await handle.stat({ bigint: true });
  const state = stateOf(stats);
  const unusable = (reason: string): KeyFile => ({ kind: 'unusable', reason, state });
  if (stats.size > mostBytes) return unusable(`it is larger than ${mostBytes / 1024} KiB`);
  if ((stats.mode & writableByOthers) !== 0n)
    return unusable('others than its owner may write it (chmod go-w)');
  // All users of the host could sign in the name of the domain.
  if ((stats.mode & readableByAll) !== 0n) return unusable('every user of this host may read it (chmod o-r)');
  const key = parsePrivateKey(await handle.readFile('latin1'));
  if ('fault' in key) return unusable(key.fault);
  return { kind: 'key', key, state, warnings: warningsOf(key) };
}

function warningsOf({ algorithm, bits }: PrivateKey): readonly string[] {
  if (algorithm !== 'rsa-sha256' || bits >= 2048) return [];
  return [`its RSA key has ${bits} bits, and 2048 are recommended (RFC 8301)`];
}

function stateOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mode}:${mtimeNs}:${ctimeNs}`;
}
