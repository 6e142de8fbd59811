// The systems of the far benchmark: Sluice and Debian's Postfix. Each takes mail and keeps it until it is released, so that
// how fast it takes mail does not limit how fast it sends it.

import { join } from 'node:path';
import type { Ground } from '../../sim/neighbours/ground.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';

export interface FarSystem {
  readonly name: 'postfix' | 'sluice';
  readonly port: number;
  /** The process above all its others. */
  readonly pid: number;
  /** Lets it send what it has taken. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

export interface FarSystemOptions {
  readonly connections: number;
  readonly sinkPort: number;
  /** Keys of Sluice's table deliver, besides those set here. */
  readonly deliver: Readonly<Record<string, string | number | boolean>>;
  /** The folder for CPU profiles of Sluice's processes; null: no profiles. */
  readonly profiles: string | null;
}

export async function startFarSystem(
  name: FarSystem['name'],
  ground: Ground,
  options: FarSystemOptions,
): Promise<FarSystem> {
  return name === 'sluice' ? startHeldSluice(ground, options) : startHeldPostfix(ground, options);
}

async function startHeldSluice(
  ground: Ground,
  { connections, sinkPort, deliver, profiles }: FarSystemOptions,
): Promise<FarSystem> {
  const config = (most: number): SluiceConfig => ({
    log: { level: 'warn' },
    adapt: { enabled: false },
    deliver: { max_connections: most, ...deliver },
    limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections })),
    route: [{ relay: [`127.0.0.1:${sinkPort}`] }],
  });
  const sluice = await startSluice(ground, {
    config: config(0),
    ...(profiles !== null && {
      env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=1000 --cpu-prof-dir=${profiles}` },
    }),
  });
  return {
    name: 'sluice',
    port: sluice.port,
    pid: sluice.program.pid,
    async release() {
      sluice.configure(config(connections));
      await sluice.cli('reload');
    },
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

async function startHeldPostfix(
  ground: Ground,
  { connections, sinkPort }: FarSystemOptions,
): Promise<FarSystem> {
  const directory = ground.folder('postfix');
  const postfix = await startPostfix(ground, 'postfix', {
    directory,
    main: {
      relayhost: `[127.0.0.1]:${sinkPort}`,
      default_process_limit: String(connections + 100),
      default_destination_concurrency_limit: String(connections),
      smtp_destination_concurrency_limit: String(connections),
      initial_destination_concurrency: String(connections),
      qmgr_message_active_limit: '100000',
      qmgr_message_recipient_limit: '100000',
      defer_transports: 'smtp',
      smtp_connection_cache_on_demand: 'yes',
      max_use: '1000000',
      max_idle: '3600s',
      maillog_file: '',
      append_dot_mydomain: 'no',
      local_header_rewrite_clients: '',
      receive_override_options: 'no_address_mappings',
      smtpd_recipient_restrictions: 'permit_mynetworks,reject',
      smtpd_tls_security_level: 'none',
      smtp_tls_security_level: 'none',
    },
  });
  const config = join(directory, 'etc');
  return {
    name: 'postfix',
    port: postfix.port,
    pid: postfix.program.pid,
    async release() {
      await ground.run('postconf', ['-c', config, '-e', 'defer_transports=']);
      await ground.run('postfix', ['-c', config, 'reload']);
      await ground.run('postqueue', ['-c', config, '-f']);
    },
    stop: async () => void (await postfix.program.stop('SIGTERM')),
  };
}
