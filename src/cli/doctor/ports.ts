// Ports, judged: those that Sluice listens on, and those that its connections need. The facts are gathered by `port-facts.ts`.

import type { Shortage } from '../../settings/capacity.ts';
import { error, type Finding, notSeen, warning } from './finding.ts';

export interface PortFacts {
  /** Addresses of listeners that cannot be had, except where the running Sluice has them itself. */
  readonly listeners: readonly ListenerProblem[];
  /** Addresses that are in use, and it cannot be seen whether by Sluice. */
  readonly unseen: readonly string[];
  /** Own addresses that this host does not have, of [[source]]. */
  readonly missingSources: readonly string[];
  /** Ports for connections; undefined where the system does not tell. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** Ports of listeners in that range that are not reserved. */
  readonly unreserved: readonly number[];
  /** Of connections that the configuration asks for. */
  readonly shortages: readonly Shortage[];
  /** Connections in TIME_WAIT whose own port is of the range. */
  readonly closing: { readonly count: number; readonly room: number } | undefined;
  /** The table of connections of the packet filter; undefined: there is none, or it is not in use. */
  readonly tracked: { readonly count: number; readonly most: number } | undefined;
  /** What the configuration asks for, in both directions. */
  readonly connections: number;
  /** Connections that may wait to be accepted: of the kernel, and of Sluice. */
  readonly backlog: { readonly kernel: number; readonly own: number } | undefined;
  readonly isRunning: boolean;
}

export interface ListenerProblem {
  /** As in the configuration. */
  readonly address: string;
  readonly port: number;
  /** The error of bind(2). */
  readonly code: string;
  /** The program that has it; undefined: it cannot be seen. */
  readonly holder: string | undefined;
}

/** Shares of a table or range that count as nearly full. */
const nearlyFull = 0.9;
const muchClosing = 0.7;

export function portFindings(facts: PortFacts): readonly Finding[] {
  return [
    ...facts.listeners.map(listenerFinding),
    ...facts.unseen.map((address) =>
      notSeen(
        `The port of ${address} is in use or closed to this user, who may not see whether Sluice has it.`,
        'Run "sluice doctor" as root, or as the user that runs Sluice.',
      ),
    ),
    ...facts.missingSources.map((address) =>
      error(
        'ports-source-missing',
        `This host does not have the address ${address} of [[source]]: no mail leaves from it.`,
        `"ip address" shows those it has; ip address add ${address}${address.includes(':') ? '/128' : '/32'} dev INTERFACE, or take it out of [[source]]`,
      ),
    ),
    ...facts.shortages.map(({ message, advice }) => warning('ports-few', `${message}.`, `${advice}.`)),
    ...reservationFindings(facts),
    ...closingFindings(facts),
    ...trackingFindings(facts),
    ...backlogFindings(facts),
  ];
}

function listenerFinding({ address, port, code, holder }: ListenerProblem): Finding {
  switch (code) {
    case 'EADDRINUSE':
      return error(
        'ports-taken',
        `${holder ?? 'Another program'} has the port of ${address}, on which Sluice should listen.`,
        `"ss -ltnp sport = :${port}" shows it: stop it (systemctl disable --now NAME), or choose another address in [[listen]]`,
      );
    case 'EACCES':
      return error(
        'ports-forbidden',
        `This user may not listen on ${address}: ports below 1024 need root or CAP_NET_BIND_SERVICE.`,
        'Start Sluice as root with user = "sluice" in the configuration, or in the unit: AmbientCapabilities=CAP_NET_BIND_SERVICE',
      );
    default:
      return error(
        'ports-address-missing',
        `This host cannot listen on ${address}: ${code === 'EADDRNOTAVAIL' ? 'it does not have the address' : code}.`,
        '"ip address" shows the addresses of this host; correct [[listen]]',
      );
  }
}

function reservationFindings({ unreserved, range }: PortFacts): readonly Finding[] {
  if (unreserved.length === 0 || range === undefined) return [];
  return [
    warning(
      'ports-unreserved',
      `Sluice listens on port ${unreserved.join(', ')}, which the system also gives to connections (${range.first} to ${range.last}): one that has it keeps Sluice from starting.`,
      `sysctl -w net.ipv4.ip_local_reserved_ports=${unreserved.join(',')}, and the same line in a file of /etc/sysctl.d`,
    ),
  ];
}

function closingFindings({ closing }: PortFacts): readonly Finding[] {
  if (closing === undefined || closing.count < closing.room * muchClosing) return [];
  return [
    warning(
      'ports-closing',
      `${closing.count} connections that were closed keep their ports for a minute (TIME_WAIT), of ${closing.room} for each destination or source: new ones may find none.`,
      'sysctl -w net.ipv4.tcp_tw_reuse=1; or net.ipv4.ip_local_port_range="1024 65535", or more [[source]] addresses',
    ),
  ];
}

function trackingFindings({ tracked, connections, isRunning }: PortFacts): readonly Finding[] {
  if (tracked === undefined) return [];
  const { count, most } = tracked;
  const isNear = count > most * nearlyFull;
  // Those of a running Sluice are in the table already, as far as they are open.
  if (!isNear && (isRunning ? most : most - count) >= connections) return [];
  return [
    error(
      'ports-tracking',
      `The packet filter of this host keeps at most ${most} connections (${count} now), and the configuration has ${connections}: beyond that, packets are dropped without a word.`,
      `sysctl -w net.netfilter.nf_conntrack_max=${Math.ceil((count + 2 * connections) / 1000) * 1000}, and the same line in a file of /etc/sysctl.d; or exempt SMTP from tracking (notrack)`,
    ),
  ];
}

function backlogFindings({ backlog }: PortFacts): readonly Finding[] {
  if (backlog === undefined || backlog.kernel >= backlog.own) return [];
  return [
    warning(
      'ports-backlog',
      `Of clients that connect at the same moment, the kernel lets ${backlog.kernel} wait (net.core.somaxconn), and Sluice asks for ${backlog.own}: more lose their first packet and try again after a second.`,
      `sysctl -w net.core.somaxconn=${4 * backlog.own}, and the same line in a file of /etc/sysctl.d`,
    ),
  ];
}
