// Log-ins of a trial: the user is the one that the directory knows, and no password is asked for.

import type { Directory, LoginAnswer } from '../../directory/types.ts';
import type { ServerSessionOptions } from '../../protocol/smtp/server/server-types.ts';

/** The directory for a trial: whoever exists may log in, and nothing is counted. */
export function trialDirectory(live: Directory): Directory {
  const right = async (login: string): Promise<LoginAnswer> => {
    const found = await live.find(login);
    switch (found.kind) {
      case 'user':
        return { kind: 'right', user: found.user };
      case 'absent':
        return { kind: 'wrong', reason: 'no such user' };
      case 'failing':
        return found;
    }
  };
  return {
    find: (address) => live.find(address),
    findDomain: (domain) => live.findDomain(domain),
    checkPassword: ({ login }) => right(login),
    checkToken: ({ login }) => right(login),
    checkCertificate: ({ login }) => right(login),
    startScram: () => Promise.resolve({ kind: 'failing', reason: 'a trial does without SCRAM' }),
    finishScram: () => Promise.resolve({ kind: 'failing', reason: 'a trial does without SCRAM' }),
    noteFailure: () => Promise.resolve({ kind: 'noted' }),
    isStillLoggedIn: async ({ address }) => {
      const found = await live.find(address);
      return found.kind === 'absent' ? { kind: 'changed' } : found;
    },
  };
}

/** PLAIN wherever clients can log in: a trial has no password for other mechanisms. */
export function withTrialLogin({ auth, ...options }: ServerSessionOptions): ServerSessionOptions {
  if (auth === undefined) return options;
  const plain = (names: readonly string[]): readonly string[] => (names.length === 0 ? [] : ['PLAIN']);
  return { ...options, auth: { clear: plain(auth.clear), secure: plain(auth.secure) } };
}
