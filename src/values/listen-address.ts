// What a listener listens on: an IP address with a port, or a Unix-domain socket.

import { type Endpoint, formatEndpoint, listensOn, parseListenEndpoint } from './endpoint.ts';
import { ValueError } from './value-error.ts';

export type ListenAddress =
  | ({ readonly kind: 'tcp' } & Endpoint)
  /** As written; relative paths start at the folder of the configuration. */
  | { readonly kind: 'unix'; readonly path: string };

const unixPrefix = 'unix:';

/**
 * Reads an address to listen on: `127.0.0.1:2525`, `[::1]:25`, `unix:/run/sluice/lmtp`.
 * @throws {ValueError} when it is not one.
 */
export function parseListenAddress(text: string): ListenAddress {
  if (!text.startsWith(unixPrefix)) return { kind: 'tcp', ...parseListenEndpoint(text) };
  const path = text.slice(unixPrefix.length);
  if (path === '') throw new ValueError(`"${text}": the name of the socket is missing`);
  if (path.includes('\0')) throw new ValueError(`"${text}": a path has no NUL character`);
  return { kind: 'unix', path };
}

/** Prints it as in the configuration. */
export function formatListenAddress(address: ListenAddress): string {
  return address.kind === 'unix' ? `${unixPrefix}${address.path}` : formatEndpoint(address);
}

/** Does a listener on `a` take all connections to `b`? */
export function includesAddress(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === 'tcp' && b.kind === 'tcp') return listensOn(a, b);
  return a.kind === 'unix' && b.kind === 'unix' && a.path === b.path;
}
