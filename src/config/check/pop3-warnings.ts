// Warnings of POP3 listeners from which nobody will get anything, or where passwords are said in clear.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

const pop3sPort = 995;

export function pop3Warnings({ listen, login, receive, route }: Config): ConfigWarning[] {
  const hasMailboxes = route.some(({ kind }) => kind === 'mailbox');
  return listen.flatMap(({ address, protocol, receive: own }, index) => {
    if (protocol !== 'pop3' || address.kind !== 'tcp') return [];
    const warnings: ConfigWarning[] = [];
    const warn = (key: string, message: string): void =>
      void warnings.push({ path: ['listen', index, key], message });
    const tls = own.tls ?? receive.tls;
    if (!hasMailboxes) {
      warn(
        'protocol',
        'no [[route]] delivers into mailboxes (mailbox = true): users find only what other programs put into the Maildirs of [mailboxes]',
      );
    }
    if (address.port === pop3sPort && tls !== 'implicit')
      warn('tls', 'clients of port 995 begin with TLS; set tls = "implicit" for this listener (RFC 8314)');
    if (tls === 'none' && login.mechanismsInClear.length === 0)
      warn('tls', 'nobody can log in without TLS, since mechanisms_in_clear of [login] is empty');
    return warnings;
  });
}
