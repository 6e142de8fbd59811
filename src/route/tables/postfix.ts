// Values of Postfix's transport table (transport(5)) and of sender_dependent_relayhost_maps (postconf(5)), read as they are.

import { parseLmtpServer } from '../../values/lmtp-server.ts';
import { ValueError } from '../../values/value-error.ts';
import { canonicalDomain, isHostName } from '../recipient-domain.ts';
import { destinationOf, hostAt } from './hosts.ts';
import { type TableWay, toMx, usual, wrong } from './way.ts';

/** Names of Postfix's master.cf that deliver by SMTP. */
const smtpTransports: ReadonlySet<string> = new Set(['', 'smtp', 'relay']);
const mostHosts = 16;
const lmtpPort = 24;

/**
 * Reads `transport:nexthop`.
 * @param hasRoute - is there a [[route]] of this name?
 */
export function readTransport(value: string, hasRoute: (name: string) => boolean): TableWay {
  const colon = value.indexOf(':');
  if (colon === -1) return wrong(`${shown(value)} has no colon: write transport:nexthop`);
  const transport = value.slice(0, colon).trim();
  const nextHop = value.slice(colon + 1).trim();
  if (smtpTransports.has(transport)) {
    // transport(5): both empty, as if there were no table; a transport alone, to the recipient's domain.
    if (nextHop === '') return transport === '' ? usual : toMx;
    return readRelayHost(nextHop);
  }
  switch (transport) {
    case 'lmtp':
      return attempted(() => lmtpTo(nextHop));
    case 'error':
    case 'retry':
      return failingWith(transport, nextHop);
    case 'discard':
      return { kind: 'target', target: { kind: 'discard' } };
    default:
      if (!hasRoute(transport))
        return wrong(
          `${shown(value)} names the transport ${shown(transport)}, which is neither smtp, relay, lmtp, error, retry or discard nor the name of a [[route]]`,
        );
      return nextHop === ''
        ? { kind: 'route', name: transport }
        : wrong(`${shown(value)}: a [[route]] is named without a next hop, as ${shown(`${transport}:`)}`);
  }
}

/** Reads a value of sender_dependent_relayhost_maps. `DUNNO` ends the search: the mail goes as if there were no entry (postconf(5)). */
export function readSenderRelayHost(value: string): TableWay {
  return value === 'DUNNO' ? usual : readRelayHost(value);
}

/** Reads the next hop of SMTP, e.g. `[relay.example.net]:587`, or `example.net` for its MX. */
function readRelayHost(value: string): TableWay {
  return attempted(() => smtpTo(value));
}

function smtpTo(nextHop: string): TableWay {
  const [, socket] = /^(unix|inet):/i.exec(nextHop) ?? [];
  if (socket !== undefined)
    return wrong(
      socket.toLowerCase() === 'unix'
        ? `${shown(nextHop)}: SMTP goes to a host, and not to a socket of this system; for LMTP, write lmtp:${nextHop}`
        : `${shown(nextHop)}: write the host without "inet:", as smtp:[relay.example.net]:25`,
    );
  const destinations = listOf(nextHop).map(destinationOf);
  const [first, second] = destinations;
  if (first === undefined) return wrong('it names no host');
  if (destinations.every(({ isHostItself }) => isHostItself)) {
    const hosts = destinations.map(({ host, port = 25 }) => hostAt(host, port));
    return { kind: 'target', target: { kind: 'smarthost', hosts, mode: 'failover' } };
  }
  if (second !== undefined)
    return wrong(`${shown(nextHop)}: of several hosts, each must be in brackets, as [relay.example.net]:25`);
  const domain = canonicalDomain(first.host);
  if (!isHostName(domain)) return wrong(`${shown(first.host)} is no host`);
  return { kind: 'target', target: { kind: 'mx-of', domain, port: first.port } };
}

function lmtpTo(nextHop: string): TableWay {
  const servers = listOf(nextHop).map((each) => {
    if (each.startsWith('unix:')) return parseLmtpServer(each);
    const { host, port = lmtpPort } = destinationOf(each.replace(/^inet:/, ''));
    return parseLmtpServer(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  });
  if (servers.length === 0) return wrong('it names no LMTP server');
  return { kind: 'target', target: { kind: 'lmtp', servers, mode: 'failover' } };
}

/** error(8): an enhanced status code may come before the text. */
function failingWith(transport: 'error' | 'retry', nextHop: string): TableWay {
  const [digit, replyCode] = transport === 'error' ? (['5', 550] as const) : (['4', 450] as const);
  const match = /^(?:(\d\.\d{1,3}\.\d{1,3})(?:\s+|$))?(.*)$/s.exec(nextHop);
  const [, status = `${digit}.0.0`, text = ''] = match ?? [];
  // Whoever wrote it may have meant the transport or the status: mail that comes back at once cannot be had again.
  if (!status.startsWith(digit))
    return wrong(
      `${shown(`${transport}:${nextHop}`)}: the status of ${transport}: begins with ${digit}; for mail that is to ${transport === 'error' ? 'wait, write retry:' : 'go back, write error:'}`,
    );
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?').trim();
  return {
    kind: 'target',
    target: {
      kind: 'error',
      replyCode,
      enhancedStatus: status,
      text: plain === '' ? 'Address is undeliverable' : plain,
    },
  };
}

/** Postfix 3.5 and later take several next hops, with commas or white space between them. */
function listOf(text: string): readonly string[] {
  const parts = text.split(/[\s,]+/).filter((each) => each !== '');
  if (parts.length > mostHosts) throw new ValueError(`it names more than ${mostHosts} hosts`);
  return parts;
}

function attempted(read: () => TableWay): TableWay {
  try {
    return read();
  } catch (error) {
    if (error instanceof ValueError) return wrong(error.message);
    throw error;
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
