// New Message-IDs (RFC 5322 3.6.4).

import { randomUUID } from 'node:crypto';

/**
 * A new, unique Message-ID, with its angle brackets.
 *
 * @param host - a domain of this host
 * @param nowMs - Unix time in milliseconds; before the 122 random bits, so that ids sort by time
 */
export function messageId(host: string, nowMs: number): string {
  // Node draws random bytes for many UUIDs at once, which costs a tenth of drawing them for each.
  return `<${nowMs.toString(36)}.${randomUUID().replaceAll('-', '')}@${host}>`;
}
