// Computes how many connections of those that the configuration asks for the system can carry. Pure: what the system allows is an
// argument. Sluice runs with as many as there can be; the administrator is told what is missing and how to get it.

import type { Config } from '../config/config.ts';
import { mostReceivers, mostSenders } from '../config/most-processes.ts';
import type { ReceiveSettings } from '../receive/types.ts';
import type { LimitRule } from '../schedule/limits/types.ts';
import type { SchedulerConfig } from '../schedule/types.ts';

/** What the system allows. */
export interface SystemFacts {
  /** Files and sockets that one process may have open: the hard limit, to which Node raises its soft limit at start. */
  readonly openFiles: number;
  /** Ports for outgoing connections; undefined where the system does not say. */
  readonly ports: PortRange | undefined;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
  /** The number of these ports that are reserved (ip_local_reserved_ports). */
  readonly reserved: number;
}

/** What the configuration asks for. */
export interface Demand {
  readonly singleProcess: boolean;
  readonly senders: number;
  readonly receivers: number;
  /** deliver.max_connections. */
  readonly deliverConnections: number;
  /** deliver.max_unanswered. */
  readonly unanswered: number;
  /** receive.max_connections. */
  readonly receiveConnections: number;
  /** Own addresses that connections are made from; empty: the system chooses. */
  readonly sources: readonly string[];
  /** max_questions, unanswered_after and max_unanswered of [dns]. */
  readonly questions: Questions;
}

/** A message about what the system lacks. */
export interface Shortage {
  readonly code: 'CAPACITY_OPEN_FILES' | 'CAPACITY_RECEIVER_FILES' | 'CAPACITY_PORTS';
  readonly message: string;
  readonly advice: string;
}

/** The connections that can be carried, never more than the demand. */
export interface Capacity {
  /** Outgoing connections in total. */
  readonly deliver: number;
  /** Further outgoing connections that no host has greeted on. */
  readonly unanswered: number;
  /** The most that one sender process may hold while another one is being started again. */
  readonly perSender: number;
  /** Incoming connections in total. */
  readonly receive: number;
  /** Connections from one of the own addresses, or to one address and port when the system chooses; Infinity when it is unknown. */
  readonly ports: number;
  readonly shortages: readonly Shortage[];
}

/** Limits for questions to name servers, each of which needs a socket; see `ResolverOptions`. */
export interface Questions {
  readonly maxInFlight: number;
  readonly hangingMs: number;
  readonly maxHanging: number;
}

/**
 * What a process opens besides its connections: standard streams, event queues and channels (about 30), spool segments
 * (up to 128), large messages under way, and questions to name servers. When the limit is very low, a quarter of it.
 */
export function ownFiles(openFiles: number): number {
  return Math.max(48, Math.min(256, Math.floor(openFiles / 4)));
}

export function demandOf(config: Config): Demand {
  const { processes, deliver, receive, dns } = config;
  return {
    singleProcess: processes.singleProcess,
    senders: processes.senders,
    receivers: processes.receivers,
    deliverConnections: deliver.maxConnections,
    unanswered: deliver.maxUnanswered,
    receiveConnections: receive.maxConnections,
    sources: config.source.map(({ address }) => address),
    questions: {
      maxInFlight: dns.maxQuestions,
      hangingMs: dns.unansweredAfter,
      maxHanging: dns.maxUnanswered,
    },
  };
}

export function capacityOf(demand: Demand, system: SystemFacts): Capacity {
  const shortages: Shortage[] = [];
  const files = demand.singleProcess
    ? filesOfOneProcess(demand, system.openFiles, shortages)
    : filesOfEachRole(demand, system.openFiles, shortages);
  const ports = system.ports === undefined ? Infinity : portsIn(system.ports);
  const bySources = demand.sources.length === 0 ? Infinity : ports * demand.sources.length;
  if (system.ports !== undefined && demand.deliverConnections > bySources) {
    shortages.push(portShortage(demand, system.ports, bySources));
  }
  const deliver = Math.min(files.deliver, bySources);
  const left = Math.min(files.outgoing, bySources) - deliver;
  const unanswered = Math.min(demand.unanswered, left);
  return { deliver, unanswered, receive: files.receive, perSender: files.perSender, ports, shortages };
}

/**
 * When the limit of open files is low, answered and unanswered questions may use a quarter of it each, so that half is left for
 * other files. In one process with all connections, unanswered questions use at most half of the files that those leave.
 */
export function questionsOf(demand: Demand, { openFiles }: SystemFacts): Questions {
  const { singleProcess, deliverConnections, receiveConnections, questions } = demand;
  const quarter = Math.max(1, Math.floor(openFiles / 4));
  const left = singleProcess
    ? halfOfFree(roomIn(openFiles) - deliverConnections - receiveConnections)
    : Infinity;
  return {
    maxInFlight: Math.min(questions.maxInFlight, quarter),
    hangingMs: questions.hangingMs,
    maxHanging: Math.max(1, Math.min(questions.maxHanging, quarter, left)),
  };
}

/** Connections that open files allow. */
interface FileShares {
  /** All outgoing connections, including those that no host has greeted on. */
  readonly outgoing: number;
  readonly deliver: number;
  readonly receive: number;
  readonly perSender: number;
}

function filesOfEachRole(demand: Demand, openFiles: number, shortages: Shortage[]): FileShares {
  const deliver = filesOfRole(
    {
      code: 'CAPACITY_OPEN_FILES',
      table: 'deliver',
      role: 'sender',
      processes: demand.senders,
      connections: demand.deliverConnections,
      whatConnectionsDo: 'connections are made at once',
    },
    openFiles,
    shortages,
  );
  const receive = filesOfRole(
    {
      code: 'CAPACITY_RECEIVER_FILES',
      table: 'receive',
      role: 'receiver',
      processes: demand.receivers,
      connections: demand.receiveConnections,
      whatConnectionsDo: 'clients are served at once',
    },
    openFiles,
    shortages,
  );
  const perSender = roomIn(openFiles);
  return { outgoing: perSender * demand.senders, deliver, receive, perSender };
}

interface RoleDemand {
  readonly code: Shortage['code'];
  readonly table: 'deliver' | 'receive';
  readonly role: 'sender' | 'receiver';
  readonly processes: number;
  readonly connections: number;
  /** The end of a message about fewer connections: what they do. */
  readonly whatConnectionsDo: string;
}

/** The most that the configuration allows. */
const mostProcesses = { receiver: mostReceivers, sender: mostSenders } as const;

/** Connections that all processes of a role can hold. */
function filesOfRole(demand: RoleDemand, openFiles: number, shortages: Shortage[]): number {
  const { code, table, role, processes, connections, whatConnectionsDo } = demand;
  const own = ownFiles(openFiles);
  const room = roomIn(openFiles);
  const most = Math.min(connections, room * processes);
  if (most < connections) {
    const needed = Math.ceil(connections / processes) + own;
    const wanted = Math.ceil(connections / room);
    shortages.push({
      code,
      message:
        `${table}.max_connections is ${connections}, but ${eachProcess(processes, role)} may open ${openFiles} files ` +
        `and needs ${own} for itself: no more than ${most} ${whatConnectionsDo}`,
      advice: [
        adviceToRaise(needed),
        ...(wanted > mostProcesses[role] ? [] : [`or set processes.${role}s = ${wanted}`]),
        `or max_connections = ${most}`,
      ].join(', '),
    });
  }
  return most;
}

/** In one process, unanswered connections and unanswered questions to name servers get half of the free files each. */
function halfOfFree(files: number): number {
  return Math.max(0, Math.floor(files / 2));
}

function roomIn(openFiles: number): number {
  return Math.max(1, openFiles - ownFiles(openFiles));
}

/** Outgoing and incoming connections share the limit of the one process, in proportion. */
function filesOfOneProcess(demand: Demand, openFiles: number, shortages: Shortage[]): FileShares {
  const { deliverConnections, receiveConnections } = demand;
  const own = ownFiles(openFiles);
  const room = Math.max(2, openFiles - own);
  const wanted = deliverConnections + receiveConnections;
  if (wanted <= room) {
    const outgoing = deliverConnections + halfOfFree(room - wanted);
    return { outgoing, deliver: deliverConnections, receive: receiveConnections, perSender: outgoing };
  }
  const share = (part: number) => Math.min(part, Math.max(1, Math.floor((room * part) / wanted)));
  const deliver = share(deliverConnections);
  const receive = share(receiveConnections);
  shortages.push({
    code: 'CAPACITY_OPEN_FILES',
    message:
      `deliver.max_connections and receive.max_connections are ${deliverConnections} and ${receiveConnections}, ` +
      `but Sluice in one process may open ${openFiles} files and needs ${own} for itself: ` +
      `no more than ${deliver} and ${receive} connections are held at once`,
    advice: `${adviceToRaise(wanted + own)}, or set processes.single_process = false`,
  });
  return { outgoing: deliver, deliver, receive, perSender: deliver };
}

function portShortage(demand: Demand, range: PortRange, capacity: number): Shortage {
  const { deliverConnections, sources } = demand;
  const needed = Math.ceil(deliverConnections / portsIn(range));
  const one = sources.length === 1;
  return {
    code: 'CAPACITY_PORTS',
    message:
      `deliver.max_connections is ${deliverConnections}, but ` +
      `${one ? `the source ${sources[0]} has` : `each of the ${sources.length} sources has`} ${portsIn(range)} ports ` +
      `(${range.first} to ${range.last}) for all destinations together: no more than ${capacity} connections are made at once`,
    advice:
      `${widest(range) ? '' : 'Widen the range (sysctl -w net.ipv4.ip_local_port_range="1024 65535"), or u'}` +
      `${widest(range) ? 'U' : ''}se ${needed} [[source]] addresses`,
  };
}

function widest(range: PortRange): boolean {
  return range.first <= 1024 && range.last >= 65_535;
}

function portsIn({ first, last, reserved }: PortRange): number {
  return Math.max(1, last - first + 1 - reserved);
}

function eachProcess(count: number, role: string): string {
  return count === 1 ? `the ${role} process` : `each of the ${count} ${role} processes`;
}

/** Rounds up to thousands, as people do. */
function adviceToRaise(needed: number): string {
  const files = Math.ceil(needed / 1000) * 1000;
  return `Raise the limit of open files to ${files} (systemd: LimitNOFILE=${files}; a shell: ulimit -Hn ${files})`;
}

/** The shortage as one line for a log or a terminal. */
export function shortageText({ code, message, advice }: Shortage): string {
  return `${code}: ${message}. ${advice}.`;
}

/**
 * The scheduler's limits, lowered to what can be carried. Where each own address has a range of ports for all its
 * connections, that is a limit per source; where the system chooses the address, the range counts for each destination.
 */
export function withinCapacity(config: SchedulerConfig, capacity: Capacity): SchedulerConfig {
  const { limits, sources = [''] } = config;
  const hasOwnAddresses = sources.some((source) => source !== '');
  const most = capacity.ports;
  const global = Math.min(limits.global, capacity.deliver);
  const unanswered = Math.min(limits.unanswered ?? 0, capacity.unanswered);
  if (most >= global + unanswered) return { ...config, limits: { ...limits, global, unanswered } };
  const key = hasOwnAddresses ? 'source' : 'ip';
  const rules: LimitRule[] = [];
  for (const rule of limits.rules ?? []) {
    const isAbove = rule.connections !== undefined && rule.connections > most;
    if (isAbove && rule.per.length === 1 && rule.per[0] === key) {
      const origin = `${rule.origin}, lowered to the ports of this system`;
      rules.push({ ...rule, connections: most, origin });
    } else rules.push(rule);
  }
  const portRule: LimitRule = {
    id: 'ports',
    name: '',
    origin: 'ports of this system',
    per: [key],
    match: {},
    isOverride: false,
    connections: most,
  };
  return { ...config, limits: { ...limits, global, unanswered, rules: [...rules, portRule] } };
}

/** Lowers the clients that one receiver serves to what its files allow, so that further clients are answered 421. */
export function clientsWithinCapacity(
  settings: ReceiveSettings,
  receivers: number,
  capacity: Capacity,
): ReceiveSettings {
  const most = Math.max(1, Math.floor(capacity.receive / receivers));
  return most < settings.maxConnections ? { ...settings, maxConnections: most } : settings;
}
