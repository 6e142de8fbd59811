// The systems that hold the connections: Sluice with several sender processes, and Postfix with a process for each
// connection. Both are configured to open as many as asked for and to keep them.

import type { Ground } from '../../sim/neighbours/ground.ts';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import { descendants, titleOf } from '../../sim/neighbours/process-tree.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import type { Sinks } from './sinks.ts';

export interface Holder {
  readonly name: 'sluice' | 'postfix';
  readonly port: number;
  /** The process above all its others. */
  readonly pid: number;
  /** Its processes by role. */
  parts(): Map<string, number[]>;
  /** The domain of the n-th destination. */
  domain(destination: number): string;
  stop(): Promise<void>;
}

export interface HolderOptions {
  readonly connections: number;
  readonly senders: number;
  readonly env: NodeJS.ProcessEnv;
}

export async function startHoldingSluice(
  ground: Ground,
  sinks: Sinks,
  { connections, senders, env }: HolderOptions,
): Promise<Holder> {
  const domain = (i: number): string => `d${i}.held.test`;
  const zone = sinks.addresses.map((address, i) => [
    [domain(i), { mx: [{ preference: 10, exchange: `mx${i}.held.test` }] }],
    [`mx${i}.held.test`, { a: [address] }],
  ]);
  const dns = await startDnsServer({ zone: Object.fromEntries(zone.flat()) });
  ground.atEnd(() => dns.close());
  const config: SluiceConfig = {
    log: { level: 'warn' },
    processes: { senders },
    dns: { servers: [`${dns.address}:${dns.port}`] },
    adapt: { enabled: false },
    limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections })),
    deliver: {
      port: sinks.port,
      ipv6: false,
      max_connections: connections,
      idle_connection: '1h',
      transactions_per_connection: 1_000_000,
      timeout_final: '1h',
    },
  };
  const sluice = await startSluice(ground, { config, env });
  const { pid } = sluice.program;
  return {
    name: 'sluice',
    port: sluice.port,
    pid,
    parts: () => Map.groupBy(descendants(pid), (one) => /sluice: (\w+)/u.exec(titleOf(one))?.[1] ?? 'other'),
    domain,
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

export async function startHoldingPostfix(
  ground: Ground,
  sinks: Sinks,
  connections: number,
): Promise<Holder> {
  const [address] = sinks.addresses;
  const postfix = await startPostfix(ground, 'postfix', {
    main: {
      relayhost: `[${address}]:${sinks.port}`,
      default_process_limit: String(connections + 50),
      default_destination_concurrency_limit: String(connections),
      smtp_destination_concurrency_limit: String(connections),
      initial_destination_concurrency: String(connections),
      smtp_data_done_timeout: '3600s',
      maillog_file: '',
      smtpd_recipient_restrictions: 'permit_mynetworks,reject',
      smtpd_tls_security_level: 'none',
      smtp_tls_security_level: 'none',
    },
  });
  const { pid } = postfix.program;
  return {
    name: 'postfix',
    port: postfix.port,
    pid,
    parts: () => Map.groupBy(descendants(pid), (one) => titleOf(one).split(' ')[0]!),
    domain: () => 'd0.held.test',
    stop: async () => void (await postfix.program.stop('SIGTERM')),
  };
}
