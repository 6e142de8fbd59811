// What a log-in may use of its connection.

import type { TLSSocket } from 'node:tls';
import { noBindings } from '../sasl/scram-exchange.ts';
import { ConnectionBindings } from '../receive/connection-bindings.ts';
import type { Pop3Context } from './pop3-context.ts';
import type { LoginFacts } from './pop3-login.ts';

export function factsInClear(client: string): LoginFacts {
  return { client, isEncrypted: false, bindings: noBindings, certificateNames: [] };
}

/** After a handshake. */
export function factsUnderTls(
  socket: TLSSocket,
  client: string,
  { settings, tls }: Pick<Pop3Context, 'settings' | 'tls'>,
): LoginFacts {
  const takesBindings = settings.session.logins.secure.some((name) => name.endsWith('-PLUS'));
  const bindings = takesBindings ? new ConnectionBindings(socket) : noBindings;
  const certificateNames = tls?.logins.usersOf(socket) ?? [];
  return { client, isEncrypted: true, bindings, certificateNames };
}
