// The systems of the relay benchmark: Sluice (a process for each role, and all roles in one), Debian's Postfix tuned for
// speed, and the sink alone (the ceiling). Each takes mail on a port and relays it to the sink, with its queue on the same
// file system.

import { mkdirSync } from 'node:fs';
import type { Ground } from '../../sim/neighbours/ground.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import type { TlsFiles } from './tls-files.ts';
import { type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';

export type SystemName = 'ceiling' | 'postfix' | 'sluice' | 'single';

export interface System<Name extends string = SystemName> {
  readonly name: Name;
  readonly port: number;
  /** Its programs, each the process above all its others; empty where there is none to measure. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly sessions: number;
  readonly sinkPort: number;
  readonly receivers: number;
  readonly senders: number;
  /** The folder for CPU profiles of Sluice's processes; null: no profiles. */
  readonly profiles: string | null;
  /** For TLS on both sides; null in clear. */
  readonly tls: TlsFiles | null;
}

/** Postfix under TLS, as fast as it can: sessions are resumed, and connections under TLS kept for more messages. */
function postfixTls(tls: TlsFiles | null): Record<string, string> {
  if (tls === null) return { smtpd_tls_security_level: 'none', smtp_tls_security_level: 'none' };
  return {
    smtpd_tls_security_level: 'may',
    smtpd_tls_chain_files: `${tls.key}, ${tls.chain}`,
    smtp_tls_security_level: 'encrypt',
    smtp_tls_connection_reuse: 'yes',
    smtp_tls_session_cache_database: 'btree:$data_directory/smtp_scache',
  };
}

export async function startSystem(name: SystemName, ground: Ground, options: SystemOptions): Promise<System> {
  switch (name) {
    case 'ceiling':
      return { name, port: options.sinkPort, pids: [], stop: async () => {} };
    case 'postfix':
      return startTunedPostfix(ground, options);
    case 'sluice':
    case 'single':
      return startMeasuredSluice(name, ground, options);
  }
}

/** The configuration of a Postfix that relays to the sink as fast as it can. */
export function tunedPostfix(sessions: number, sinkPort: number): Record<string, string> {
  return {
    relayhost: `[127.0.0.1]:${sinkPort}`,
    default_process_limit: String(sessions * 2),
    default_destination_concurrency_limit: String(sessions),
    smtp_destination_concurrency_limit: String(sessions),
    initial_destination_concurrency: String(sessions),
    in_flow_delay: '0',
    smtp_connection_cache_on_demand: 'yes',
    // Processes stay, needless look-ups are off, and nothing is logged: without a syslogd that costs Postfix less than its
    // own log file.
    max_use: '1000000',
    max_idle: '3600s',
    maillog_file: '',
    append_dot_mydomain: 'no',
    local_header_rewrite_clients: '',
    receive_override_options: 'no_address_mappings',
    smtpd_recipient_restrictions: 'permit_mynetworks,reject',
    message_size_limit: '104857600',
  };
}

/** The configuration of a Sluice that relays to the sink, with as many connections as that Postfix. */
export function relayingSluice(sessions: number, sinkPort: number): SluiceConfig {
  return {
    // As with Postfix, deliveries are not logged.
    log: { level: 'warn' },
    receive: { relay_networks: ['127.0.0.0/8'] },
    deliver: { max_connections: sessions },
    limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections: sessions })),
    route: [{ relay: [`127.0.0.1:${sinkPort}`] }],
  };
}

async function startTunedPostfix(
  ground: Ground,
  { sessions, sinkPort, tls }: SystemOptions,
): Promise<System> {
  const postfix = await startPostfix(ground, 'postfix', {
    main: { ...tunedPostfix(sessions, sinkPort), ...postfixTls(tls) },
  });
  return {
    name: 'postfix',
    port: postfix.port,
    pids: [postfix.program.pid],
    stop: async () => void (await postfix.program.stop('SIGTERM')),
  };
}

async function startMeasuredSluice(
  name: 'sluice' | 'single',
  ground: Ground,
  options: SystemOptions,
): Promise<System> {
  const { sessions, sinkPort, receivers, senders, profiles, tls } = options;
  if (profiles !== null) mkdirSync(profiles, { recursive: true });
  const sluice = await startSluice(ground, {
    directory: ground.folder(name),
    ...(profiles !== null && {
      env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=5000 --cpu-prof-dir=${profiles}` },
    }),
    config: {
      ...relayingSluice(sessions, sinkPort),
      processes: { receivers, senders, single_process: name === 'single' },
      ...(tls !== null && { certificate: [{ chain: tls.chain, key: tls.key }] }),
    },
  });
  return {
    name,
    port: sluice.port,
    pids: [sluice.program.pid],
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}
