// [pop3], and which keys a [[listen]] with protocol = "pop3" may have.

import type { z } from 'zod';

import type { ListenAddress } from '../../values/listen-address.ts';
import { duration, key, tableOf, wholeNumber, yesNo } from './fields.ts';

/** RFC 1939 3. */
const leastIdleMs = 600_000;
const aDayMs = 86_400_000;

export const pop3 = tableOf({
  max_connections: key(
    wholeNumber(1, 100_000).default(1000),
    'Clients connected by POP3 at the same time, to all listeners together; one more is refused.',
  ),
  max_connections_per_client: key(
    wholeNumber(1, 100_000).default(50),
    'Connections at the same time from one IP address. client_limits_exempt of [receive] applies.',
  ),
  timeout: key(
    duration(leastIdleMs, aDayMs).prefault('10m'),
    'How long a client that has logged in may be idle (RFC 1939 asks for 10 minutes at least). Nothing is removed then.',
  ),
  login_delay: key(
    duration(0, aDayMs).prefault('0s'),
    'How long a user has to wait from one log-in to the next (LOGIN-DELAY, RFC 2449); "0s" for not at all.',
  ),
  mark_seen: key(
    yesNo().default(true),
    'Messages that were retrieved are seen for programs that read the mailbox in another way, such as an IMAP server.',
  ),
});

/** Keys of a [[listen]] that POP3 has no use for. Those that are given, and are not empty, are mistakes. */
const unfit = [
  'socket_name',
  'xclient',
  'xforward',
  'xverp',
  'from_filter',
  'client_rules',
  'relay_networks',
  'relay_domains',
  'relay_certificates',
  'relay_ca',
  'max_message_size',
  'max_recipients',
  'max_connections_per_client',
  'connection_rate_per_client',
  'max_received',
  'max_transactions',
  'max_command_line',
  'max_text_line',
  'priority_header',
  'bare_newlines',
  'auth',
  'timeout_command',
  'timeout_data',
  'timeout_session',
] as const;

/** Adds a problem for each key of a [[listen]] that is not for POP3. */
export function checkPop3Listener(
  listen: Readonly<Record<string, unknown>> & { readonly address: ListenAddress },
  context: z.RefinementCtx,
): void {
  const refuse = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', message, path: [path] });
  if (listen.address.kind !== 'tcp') refuse('address', 'POP3 needs an IP address and a port');
  for (const name of unfit) {
    const value = listen[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    refuse(name, 'is not for POP3: leave it out. Limits and times of POP3 are in [pop3]');
  }
}
