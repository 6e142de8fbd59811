// Responses of clients in SASL as SMTP (RFC 4954 4) and POP3 (RFC 5034 4) carry them: in base64.

import { Buffer } from 'node:buffer';

/** RFC 4648 4: base64 with its padding, and nothing else. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @returns undefined for what is no base64 */
export function responseOf(text: string): Uint8Array | undefined {
  return base64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** A response that comes with the command: `=` is one of no bytes, and not none. */
export function initialResponseOf(text: string): Uint8Array | undefined {
  return text === '=' ? new Uint8Array(0) : responseOf(text);
}
