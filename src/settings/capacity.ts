// How many connections the system can carry at once, against how many the configuration asks for. Pure: it is given
// what the system allows. Mail goes on with what there is; whoever runs Sluice hears what is missing and how to get it.

import type { Config } from '../config/config.ts';
import { mostReceivers, mostSenders } from '../config/most-processes.ts';
import type { ReceiveSettings } from '../receive/types.ts';
import type { LimitRule } from '../schedule/limits/types.ts';
import type { SchedulerConfig } from '../schedule/types.ts';

/** What the system allows. */
export interface SystemFacts {
  /** Files and sockets that one process may have open: the hard limit, which Node takes for itself at start. */
  readonly openFiles: number;
  /** Ports for outgoing connections; undefined where the system does not say. */
  readonly ports: PortRange | undefined;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
  /** Of these, how many are set aside (ip_local_reserved_ports). */
  readonly reserved: number;
}

/** What the configuration asks for. */
export interface Demand {
  readonly singleProcess: boolean;
  readonly senders: number;
  readonly receivers: number;
  /** deliver.max_connections. */
  readonly deliverConnections: number;
  /** deliver.max_unanswered: as many of them as there is room for. */
  readonly unanswered: number;
  /** receive.max_connections. */
  readonly receiveConnections: number;
  /** Own addresses that connections are made from; none: the system chooses. */
  readonly sources: readonly string[];
  /** Of [dns], each a socket: max_questions, unanswered_after and max_unanswered. */
  readonly questions: Questions;
}

/** What is missing, for people. */
export interface Shortage {
  readonly code: 'CAPACITY_OPEN_FILES' | 'CAPACITY_RECEIVER_FILES' | 'CAPACITY_PORTS';
  readonly message: string;
  readonly advice: string;
}

/** What can be carried, never more than what is asked for. */
export interface Capacity {
  /** Outgoing connections in all. */
  readonly deliver: number;
  /** Beyond them, those that no host has greeted on. */
  readonly unanswered: number;
  /** The most that one sender process may hold while another one is being started again. */
  readonly perSender: number;
  /** Incoming connections in all. */
  readonly receive: number;
  /** Connections from one of the own addresses, or to one address and port when the system chooses; Infinity: unknown. */
  readonly ports: number;
  readonly shortages: readonly Shortage[];
}

/** Questions to name servers at once, each of them a socket; see `ResolverOptions`. */
export interface Questions {
  readonly maxInFlight: number;
  readonly hangingMs: number;
  readonly maxHanging: number;
}

/**
 * What a process opens besides its connections: standard streams, event queues and channels (about 30), spool segments
 * (up to 128), large messages on their way, and questions to name servers. Of a very low limit it takes a quarter.
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
 * Of a low limit of open files each kind takes a quarter, so that half is left for the rest. In one process with all
 * connections, what hangs takes no more than half of what these leave.
 */
export function questionsOf(demand: Demand, { openFiles }: SystemFacts): Questions {
  const { singleProcess, deliverConnections, receiveConnections, questions } = demand;
  const quarter = Math.max(1, Math.floor(openFiles / 4));
  const left = singleProcess ? leftOf(roomIn(openFiles) - deliverConnections - receiveConnections) : Infinity;
  return {
    maxInFlight: Math.min(questions.maxInFlight, quarter),
    hangingMs: questions.hangingMs,
    maxHanging: Math.max(1, Math.min(questions.maxHanging, quarter, left)),
  };
}

/** Connections that open files allow. */
interface FileShares {
  /** The most that there may be at once, those that no host has greeted on included. */
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
      fewer: 'connections are made at once',
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
      fewer: 'clients are served at once',
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
  /** What there is less of, for people. */
  readonly fewer: string;
}

/** As many as the configuration takes. */
const mostProcesses = { receiver: mostReceivers, sender: mostSenders } as const;

/** Connections that all processes of a role can hold. */
function filesOfRole(demand: RoleDemand, openFiles: number, shortages: Shortage[]): number {
  const { code, table, role, processes, connections, fewer } = demand;
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
        `and needs ${own} for itself: no more than ${most} ${fewer}`,
      advice: [
        raise(needed),
        ...(wanted > mostProcesses[role] ? [] : [`or set processes.${role}s = ${wanted}`]),
        `or max_connections = ${most}`,
      ].join(', '),
    });
  }
  return most;
}

/** In one process, connections that hang and questions to name servers that hang get half each. */
function leftOf(files: number): number {
  return Math.max(0, Math.floor(files / 2));
}

function roomIn(openFiles: number): number {
  return Math.max(1, openFiles - ownFiles(openFiles));
}

/** Both kinds share one limit, in proportion. */
function filesOfOneProcess(demand: Demand, openFiles: number, shortages: Shortage[]): FileShares {
  const { deliverConnections, receiveConnections } = demand;
  const own = ownFiles(openFiles);
  const room = Math.max(2, openFiles - own);
  const wanted = deliverConnections + receiveConnections;
  if (wanted <= room) {
    const outgoing = deliverConnections + leftOf(room - wanted);
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
    advice: `${raise(wanted + own)}, or set processes.single_process = false`,
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

/** The next thousand looks like what people write. */
function raise(needed: number): string {
  const files = Math.ceil(needed / 1000) * 1000;
  return `Raise the limit of open files to ${files} (systemd: LimitNOFILE=${files}; a shell: ulimit -Hn ${files})`;
}

/** One line for a log or a terminal. */
export function shortageText({ code, message, advice }: Shortage): string {
  return `${code}: ${message}. ${advice}.`;
}

/**
 * The scheduler's limits, lowered to what can be carried. Where each own address has a range of ports for all its
 * connections, that is a limit per source; where the system chooses the address, the range counts for each destination.
 */
export function withinCapacity(config: SchedulerConfig, capacity: Capacity): SchedulerConfig {
  const { limits, sources = [''] } = config;
  const bound = sources.some((source) => source !== '');
  const most = capacity.ports;
  const global = Math.min(limits.global, capacity.deliver);
  const unanswered = Math.min(limits.unanswered ?? 0, capacity.unanswered);
  if (most >= global + unanswered) return { ...config, limits: { ...limits, global, unanswered } };
  const key = bound ? 'source' : 'ip';
  const rules: LimitRule[] = [];
  for (const rule of limits.rules ?? []) {
    const isAbove = rule.connections !== undefined && rule.connections > most;
    if (isAbove && rule.per.length === 1 && rule.per[0] === key) {
      const origin = `${rule.origin}, lowered to the ports of this system`;
      rules.push({ ...rule, connections: most, origin });
    } else rules.push(rule);
  }
  const ofPorts: LimitRule = {
    id: 'ports',
    name: '',
    origin: 'ports of this system',
    per: [key],
    match: {},
    isOverride: false,
    connections: most,
  };
  return { ...config, limits: { ...limits, global, unanswered, rules: [...rules, ofPorts] } };
}

/** The clients that one receiver serves at once, lowered to what its files allow: those beyond hear 421 and not nothing. */
export function clientsWithinCapacity(
  settings: ReceiveSettings,
  receivers: number,
  capacity: Capacity,
): ReceiveSettings {
  const most = Math.max(1, Math.floor(capacity.receive / receivers));
  return most < settings.maxConnections ? { ...settings, maxConnections: most } : settings;
}
