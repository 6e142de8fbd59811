// The environment of a plugin of qmail-spp: the variables of qmail-spp, of qmail's own programs, and of tcpserver (UCSPI-TCP), by which
// plugins know who sends what.

import { withoutMapping } from '../../values/ip-address.ts';
import type { ConnectionFacts, SessionFacts } from '../stage.ts';

/** What the variables about the client are made of. */
export interface SppSurroundings {
  /** The name of this host. */
  readonly hostname: string;
  /** For every plugin, such as PATH. */
  readonly base: Readonly<Record<string, string>>;
}

/** The variables about the session. @param clientName - the verified name of the client; undefined without one */
export function sessionVariables(
  { client, connection, helo, user, principal, mechanism }: SessionFacts,
  { hostname, base }: SppSurroundings,
  clientName: string | undefined,
): Record<string, string> {
  const { frontEnd, rule, mayRelay } = client;
  const variables: Record<string, string | undefined> = {
    ...base,
    PROTO: 'TCP',
    TCPREMOTEIP: withoutZone(client.address) || '127.0.0.1',
    TCPREMOTEPORT: text(frontEnd === undefined ? connection.remotePort : frontEnd.clientPort),
    TCPREMOTEHOST: clientName,
    TCPLOCALIP: frontEnd?.destination ?? localAddress(connection),
    TCPLOCALPORT: text(frontEnd?.destinationPort ?? connection.localPort),
    TCPLOCALHOST: hostname,
    // tcpserver asks the ident server of the client for it, which nobody runs any more: what a front end has told comes closest.
    TCPREMOTEINFO: frontEnd?.login,
    ...rule?.variables,
    RELAYCLIENT: mayRelay ? (rule?.relay ?? '') : undefined,
    SMTPHELOHOST: helo,
    SMTPAUTHUSER: user?.address ?? principal,
    SMTPAUTHMETHOD: mechanism,
  };
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) set[name] = value.replaceAll('\0', '');
  }
  return set;
}

function text(port: number | undefined): string | undefined {
  return port === undefined ? undefined : String(port);
}

function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? '';
}

/** Undefined on a Unix-domain socket. */
function localAddress({ localAddress: address }: ConnectionFacts): string | undefined {
  return address === undefined ? undefined : withoutMapping(address);
}
