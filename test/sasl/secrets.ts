// A directory of one user with a password of a test's own, as mechanisms see it.

import type { Directory, LoginAnswer } from '../../src/directory/types.ts';
import { checkScramProof, scramSecretOf } from '../../src/password/scram.ts';

export interface OneUser {
  readonly login: string;
  readonly password: string;
  readonly salt?: string;
  readonly iterations?: number;
}

/** Asked about a user called `down`, it cannot tell. */
export function directoryOf({ login, password, salt = 'c2FsdA==', iterations = 4096 }: OneUser): Directory {
  const user = { address: login, aliases: [], senders: [] };
  const secret = scramSecretOf(password, {
    algorithm: 'sha256',
    iterations,
    salt: Buffer.from(salt, 'base64'),
  });
  const failing = { kind: 'failing', reason: 'the source is away' } as const;
  const answer = (asked: string, isRight: boolean): LoginAnswer => {
    if (asked === 'down') return failing;
    return isRight
      ? { kind: 'right', user, mark: 'as it was' }
      : { kind: 'wrong', reason: 'the password is wrong' };
  };
  return {
    find: () => Promise.resolve({ kind: 'absent' }),
    findDomain: () => Promise.resolve({ kind: 'absent' }),
    checkPassword: (asked) =>
      Promise.resolve(answer(asked.login, asked.login === login && asked.password === password)),
    checkCertificate: () => Promise.resolve({ kind: 'wrong', reason: 'no certificates are taken here' }),
    checkToken: () => Promise.resolve({ kind: 'wrong', reason: 'no tokens are taken here' }),
    startScram: (asked) => Promise.resolve(asked === 'down' ? failing : { kind: 'salt', salt, iterations }),
    finishScram: ({ login: asked, authMessage, proof }) => {
      const signature = checkScramProof(secret, authMessage, Buffer.from(proof, 'base64'));
      const checked = answer(asked, asked === login && signature !== undefined);
      if (checked.kind !== 'right' || signature === undefined) return Promise.resolve(checked as never);
      return Promise.resolve({ ...checked, signature: signature.toString('base64') });
    },
    isStillLoggedIn: ({ address, mark }) =>
      Promise.resolve(
        address === login && mark === 'as it was' ? { kind: 'user', user } : { kind: 'changed' },
      ),
    noteFailure: () => Promise.resolve({ kind: 'noted' }),
  };
}
