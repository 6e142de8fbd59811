// The name of this host when the configuration gives none.

import { hostname } from 'node:os';

/**
 * The system's host name, made a full domain name: EHLO and Received want one (RFC 5321 2.3.5, 4.1.4).
 * @returns Lower case, at least one dot.
 */
export function systemHostname(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  if (name === '') return 'localhost.localdomain';
  return name.includes('.') ? name : `${name}.localdomain`;
}
