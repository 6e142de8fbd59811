// What `sluice serve` prints when all of Sluice runs: what it will do, and what to try first.

import { styleText } from 'node:util';
import type { RoleFacts } from '../channel/messages.ts';
import type { Config } from '../config/config.ts';
import { version } from '../config/version.ts';
import type { MissingSource } from '../manager/source-watch.ts';
import { hasTls } from '../settings/tls-of-listeners.ts';
import type { Trouble } from '../stats/troubles.ts';
import { formatCentreServer } from '../values/centre-server.ts';
import { formatRelayHost } from '../values/endpoint.ts';
import { formatMailServer } from '../values/mail-server.ts';

/** A few lines for the person who started it; on standard error, since standard output may be the log. */
export function announce(
  config: Config,
  facts: RoleFacts,
  troubles: readonly Trouble[],
  missing: readonly MissingSource[],
): void {
  const listening = facts.listening ?? [];
  const first = listening.find((each) => !each.startsWith('unix:')) ?? '127.0.0.1:2525';
  const port = first.slice(first.lastIndexOf(':') + 1);
  const bound = first.slice(0, first.lastIndexOf(':'));
  const host = bound === '0.0.0.0' ? '127.0.0.1' : bound === '[::]' ? '[::1]' : bound;
  // From a checkout the command is not on the path.
  const command = import.meta.url.endsWith('.ts') ? 'npx sluice' : 'sluice';
  const domains = config.receive.relayDomains.length;
  const networks = config.receive.relayNetworks.map((each) => `${each.address}/${each.prefix}`).join(', ');
  const lines = [
    `Sluice ${version} is running as ${config.hostname} (${config.file ?? 'default configuration'}).`,
    `  Listening on   ${listening.join(', ')}`,
    `  Accepts        mail to anyone from ${networks === '' ? 'nobody' : networks}` +
      (domains === 0 ? '' : `, and to ${domains} relay domain${domains === 1 ? '' : 's'} from anyone`) +
      (config.clients.rules === undefined ? '' : `; with the rules of the table "${config.clients.rules}"`),
    wayOut(config),
    ...(config.certificate.length > 0 || !hasTls(config)
      ? []
      : ['  TLS with       a certificate that Sluice signed itself, since there is no [[certificate]]']),
    ...(config.front.servers.length > 0
      ? []
      : [
          `  Keeps mail in  ${config.spool}${facts.recovered === undefined || facts.recovered === 0 ? '' : ` (${facts.recovered} messages from before)`}`,
        ]),
    ...missing.map(({ isLast, text }) => `  ${(isLast ? 'CRITICAL' : 'Warning').padEnd(14)} ${text}`),
    ...troubles.map(
      ({ level, text }) => `  ${(level === 'critical' ? 'CRITICAL' : 'Warning').padEnd(14)} ${text}`,
    ),
    '',
    `  Try            swaks --server ${host} --port ${port} --from you@example.com --to someone@example.org`,
    `                 ${`${command} queue list`.padEnd(29)}what is waiting, and why`,
    `                 ${`${command} status`.padEnd(29)}how it is doing`,
    '                 Ctrl-C                       stop; nothing is lost',
  ];
  process.stderr.write(
    `${styleText('bold', lines[0] ?? '', { stream: process.stderr })}\n${lines.slice(1).join('\n')}\n\n`,
  );
}

function wayOut(config: Config): string {
  const { servers } = config.front;
  if (servers.length > 0)
    return `  Hands over     to ${servers.map(formatCentreServer).join(', ')}, and keeps no mail`;
  const { maxConnections } = config.deliver;
  return `  Delivers       ${destination(config)}, at most ${maxConnections} connections, ${limitsText(config)}`;
}

function limitsText({ limit }: Config): string {
  if (limit.length === 0) return 'the built-in limits';
  return limit.length === 1 ? '1 limit' : `${limit.length} limits`;
}

const onThisHost = {
  pipe: 'to a program, except what a [[route]] names',
  archive: 'into an archive, except what a [[route]] names',
  mailbox: 'into mailboxes, except what a [[route]] names',
  local: 'to users of the system, except what a [[route]] names',
  redirect: 'to other addresses, except what a [[route]] names',
  hold: 'nothing, except what a [[route]] names',
} as const;

function destination(config: Config): string {
  const fallback = config.route.find((route) => route.domain.length === 0 && route.sender.length === 0);
  if (fallback === undefined || fallback.kind === 'mx') {
    return `to the MX of each domain, port ${config.deliver.port}`;
  }
  if (fallback.kind === 'error') return 'only what a [[route]] names';
  if ('way' in fallback) return onThisHost[fallback.kind];
  if (fallback.kind === 'discard') return 'into nothing, except what a [[route]] names';
  if (fallback.kind === 'lmtp') return `by LMTP to ${fallback.lmtp.map(formatMailServer).join(', ')}`;
  if ('servers' in fallback)
    return `by ${fallback.kind.toUpperCase()} to ${fallback.servers.map(formatMailServer).join(', ')}`;
  return `through ${fallback.relay.map(formatRelayHost).join(', ')}`;
}
