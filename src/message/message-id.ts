// New Message-IDs (RFC 5322 3.6.4).

import { randomBytes } from 'node:crypto';

/**
 * A new, unique Message-ID, with its angle brackets.
 *
 * @param host - a domain of this host
 * @param nowMs - Unix time in milliseconds; before the 80 random bits, so that ids sort by time
 */
export function messageId(host: string, nowMs: number): string {
  return `<${nowMs.toString(36)}.${randomBytes(10).toString('hex')}@${host}>`;
}
