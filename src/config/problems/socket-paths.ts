// Checks that the system can make each Unix-domain socket of [[listen]], and that of the keys process: its path, made absolute, is short enough.

import { join } from 'node:path';

import type { ListenAddress } from '../../values/listen-address.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

/** The bound that the documentation names; unix(7) allows a few bytes more. */
const maxSocketPathBytes = 100;

/** What is wrong with the length of the absolute path of a socket; undefined: nothing. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= maxSocketPathBytes) return undefined;
  return `${path} is ${bytes} bytes long; the path of a socket may have ${maxSocketPathBytes}`;
}

/** A listener with such a path could never be opened, so the configuration is refused. */
export function socketPathProblems(listen: readonly { readonly address: ListenAddress }[]): ConfigWarning[] {
  return listen.flatMap(({ address }, index) => {
    const message = address.kind === 'unix' ? socketPathProblem(address.path) : undefined;
    return message === undefined ? [] : [{ path: ['listen', index, 'address'], message }];
  });
}

/**
 * The socket of the keys process is in the spool's folder, and nowhere else: another place would not be its own.
 * @param secrets - all that the keys process has
 */
export function keysSocketProblems(spool: string, secrets: readonly unknown[]): ConfigWarning[] {
  if (secrets.length === 0) return [];
  const problem = socketPathProblem(join(spool, 'keys/keys.sock'));
  return problem === undefined
    ? []
    : [{ path: ['spool'], message: `with a [[directory]] or [[signing_key]], ${problem}` }];
}
