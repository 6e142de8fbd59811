// The secrets of SCRAM-SHA-256 that a user has (RFC 5803), without which no log-in by SCRAM succeeds.

import { parseHash } from '../password/parse-hash.ts';
import type { ScramSecret } from '../password/parsed-hash.ts';
import type { Account } from './account.ts';

/**
 * The secrets of SCRAM-SHA-256 that share the salt of the first: a client is told one salt before it proves anything. Those that `sluice user`
 * makes share it.
 */
export function secretsOf({
  credentials,
}: Account): readonly { readonly secret: ScramSecret; readonly application: string | undefined }[] {
  const all = credentials.flatMap(({ scram, password, application }) => {
    const secret = secretIn(scram ?? password);
    return secret === undefined ? [] : [{ secret, application }];
  });
  const [first] = all;
  if (first === undefined) return [];
  return all.filter(
    ({ secret }) =>
      secret.iterations === first.secret.iterations && Buffer.from(secret.salt).equals(first.secret.salt),
  );
}

/** Whether the user's own password is one that fits by PLAIN and can never fit by SCRAM. */
export function lacksSecret({ credentials }: Account): boolean {
  const own = credentials.find(({ application }) => application === undefined);
  return (
    own !== undefined &&
    parseHash(own.password).kind === 'hash' &&
    secretIn(own.scram ?? own.password) === undefined
  );
}

function secretIn(stored: string): ScramSecret | undefined {
  const read = parseHash(stored);
  if (read.kind !== 'hash' || read.hash.kind !== 'scram' || read.hash.algorithm !== 'sha256')
    return undefined;
  return read.hash;
}
