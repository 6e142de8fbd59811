// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), written for tests from the RFCs alone: it shares no code with the server.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface ClientBinding {
  readonly type: string;
  readonly value: Uint8Array;
}

/**
 * @param binding - `n`: the client knows no binding; `y`: it believes that the server has none
 * @returns the first message, and what makes the last one of the server's
 */
export function scramClient(login: string, password: string, binding: ClientBinding | 'n' | 'y') {
  const header = typeof binding === 'string' ? `${binding},,` : `p=${binding.type},,`;
  const bare = `n=${login},r=clientnonce`;
  const bound = typeof binding === 'string' ? Buffer.alloc(0) : Buffer.from(binding.value);
  return {
    first: `${header}${bare}`,
    last(serverFirst: string): string {
      const [, nonce = '', salt = '', rounds = ''] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
      const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256');
      const key = createHmac('sha256', salted).update('Client Key').digest();
      const stored = createHash('sha256').update(key).digest();
      const channel = Buffer.concat([Buffer.from(header), bound]).toString('base64');
      const unproved = `c=${channel},r=${nonce}`;
      const signature = createHmac('sha256', stored).update(`${bare},${serverFirst},${unproved}`).digest();
      return `${unproved},p=${Buffer.from(key.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64')}`;
    },
  };
}
