// The mechanisms by which this side may log in at another server, and what each needs.

import type { ClientMechanism } from '../../protocol/smtp/client/login-types.ts';
import { ScramClient } from './scram-client.ts';
import { bearerExchange, loginExchange, plainExchange, xoauth2Exchange } from './secret-exchanges.ts';

/** With a password, in the order in which they are tried. */
export const passwordMechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
/** With a token. */
export const tokenMechanisms = ['OAUTHBEARER', 'XOAUTH2'] as const;
export type ClientMechanismName = (typeof passwordMechanisms)[number] | (typeof tokenMechanisms)[number];

/** What a log-in goes by. */
export interface ClientLoginFacts {
  readonly user: string;
  /** The password or the token. */
  readonly secret: string;
  readonly host: string;
  readonly port: number;
  /** Of the connection, for PLUS; undefined: it has none. */
  readonly binding: { readonly type: string; readonly value: Uint8Array } | undefined;
}

const plus = 'SCRAM-SHA-256-PLUS';

/** The server learns the secret itself, and so does everybody on the way. */
export function showsSecret(name: ClientMechanismName): boolean {
  return name !== plus && name !== 'SCRAM-SHA-256';
}

export function clientMechanism(name: ClientMechanismName, facts: ClientLoginFacts): ClientMechanism {
  const { binding, host, port, user } = facts;
  switch (name) {
    case 'PLAIN':
      return { name, begin: () => plainExchange(facts) };
    case 'LOGIN':
      return { name, begin: () => loginExchange(facts) };
    case 'OAUTHBEARER':
      return { name, begin: () => bearerExchange(facts, host, port) };
    case 'XOAUTH2':
      return { name, begin: () => xoauth2Exchange(facts) };
    case plus:
      return {
        name,
        begin: () =>
          new ScramClient(user, binding === undefined ? { kind: 'none' } : { kind: 'bound', ...binding }),
      };
    case 'SCRAM-SHA-256':
      return {
        name,
        // RFC 5802 6: "y" only when the server does not offer PLUS. Where it does, and this side may not use it, the honest answer is "n".
        begin: (offered) =>
          new ScramClient(user, {
            kind: binding !== undefined && !offered.includes(plus) ? 'not offered' : 'none',
          }),
      };
  }
}
