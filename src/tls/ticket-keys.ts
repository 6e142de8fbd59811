// Keys of session tickets (RFC 5077 4, RFC 8446 4.6.1). New tickets are made with the key in use, and those made with the key before
// it are still taken, so that a change of keys costs no client a whole handshake. Node's option `ticketKeys` knows one key alone; what
// OpenSSL calls for each ticket can be set on the context's handle, which is how Node's own tests change keys. Where a Node has
// that no more, the key in use is the only one.

import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';

/** Its name, the key of its HMAC, and the key of its cipher, 16 bytes each, as in Node's option `ticketKeys`. */
export const ticketKeyBytes = 48;
const partBytes = 16;

export interface TicketKeys {
  /** In base64. */
  readonly current: string;
  /** The key of before, in base64; empty: none. */
  readonly former: string;
}

/** What OpenSSL is told about a ticket. `1`: take it; `2`: take it, and give the client a new one; `0`: it is of no use. */
type TicketAnswer = readonly [
  use: 0 | 1 | 2,
  hmacKey: Buffer,
  cipherKey: Buffer,
  name: Buffer,
  initialVector: Buffer,
];

interface TicketHandle {
  enableTicketKeyCallback(): void;
  /** @param isNew - a ticket is being made, so its name and initial vector are wanted */
  onticketkeycallback?: (name: Buffer, initialVector: Buffer, isNew: boolean) => TicketAnswer;
}

interface TicketKey {
  readonly name: Buffer;
  readonly hmacKey: Buffer;
  readonly cipherKey: Buffer;
}

/** Lets a context take tickets of both keys. It was made with the option `ticketKeys`, which stays in force otherwise. */
export function takeTickets({ context: handle }: SecureContext, { current, former }: TicketKeys): void {
  const key = readKey(current);
  if (former === '' || !isTicketHandle(handle)) return;
  const before = readKey(former);
  handle.onticketkeycallback = (name, initialVector, isNew) => {
    if (isNew) return answer(1, key, randomBytes(partBytes));
    if (name.equals(key.name)) return answer(1, key, initialVector);
    return answer(name.equals(before.name) ? 2 : 0, before, initialVector);
  };
  handle.enableTicketKeyCallback();
}

function answer(
  use: TicketAnswer[0],
  { name, hmacKey, cipherKey }: TicketKey,
  initialVector: Buffer,
): TicketAnswer {
  return [use, hmacKey, cipherKey, name, initialVector];
}

function readKey(text: string): TicketKey {
  const bytes = Buffer.from(text, 'base64');
  const part = (index: number): Buffer => bytes.subarray(index * partBytes, (index + 1) * partBytes);
  return { name: part(0), hmacKey: part(1), cipherKey: part(2) };
}

function isTicketHandle(handle: unknown): handle is TicketHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'enableTicketKeyCallback' in handle &&
    typeof handle.enableTicketKeyCallback === 'function'
  );
}
