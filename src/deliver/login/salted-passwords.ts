// Passwords as SCRAM salts them (RFC 5802 3). The step takes milliseconds on purpose, and its result is the same as long as the server keeps
// its salt; so it is kept for the next connections.

import { createHash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { RecentMap } from '../../dns/recent-map.ts';
import { preparedPassword } from '../../password/saslprep.ts';

const keyBytes = 32;
/** A server that has another salt each time costs the step each time. */
const mostKept = 100;
const pbkdf2Later = promisify(pbkdf2);

export class SaltedPasswords {
  readonly #known = new RecentMap<string, Promise<Buffer>>(mostKept);

  /** SaltedPassword, off this thread. */
  of(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
    // The password stands in the key as a digest of all that the result depends on.
    const key = createHash('sha256')
      .update(`${iterations} ${Buffer.from(salt).toString('base64')} ${password}`)
      .digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const salted = pbkdf2Later(preparedPassword(password), salt, iterations, keyBytes, 'sha256');
    this.#known.set(key, salted);
    return salted;
  }
}
