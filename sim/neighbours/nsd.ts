// An authoritative DNS server of its own: Debian's nsd on a loopback port, with one zone file for each zone.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Ground, type Program } from './ground.ts';

/** Why nsd cannot be used here, or false. */
export function withoutNsd(): string | false {
  return existsSync('/usr/sbin/nsd') ? false : 'nsd is not installed (Debian: nsd)';
}

export interface Nsd {
  readonly port: number;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, on the same port with the same zones. */
  restart(): Promise<void>;
  /** Starts it again with other records of a zone. */
  replace(zone: string, records: string): Promise<void>;
}

/**
 * Starts nsd with these zones: their records in the form of zone files, without SOA and NS.
 *
 * @param finish called for each zone file before the start, e.g. to sign it
 */
export async function startNsd(
  ground: Ground,
  zones: Readonly<Record<string, string>>,
  finish: (zone: string, file: string) => Promise<void> = async () => {},
): Promise<Nsd> {
  const port = await freePort();
  const home = ground.folder('nsd');
  const write = (zone: string, records: string): void => {
    const text = `$ORIGIN ${zone}.\n$TTL 60\n@ SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 5\n@ NS ns.${zone}.\n`;
    writeFileSync(join(home, `${zone}.zone`), `${text}ns A 127.0.0.1\n${records}`);
  };
  const names = Object.keys(zones);
  for (const [zone, records] of Object.entries(zones)) write(zone, records);
  for (const zone of names) await finish(zone, join(home, `${zone}.zone`));
  const config = join(home, 'nsd.conf');
  writeFileSync(
    config,
    `server:
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  zonesdir: "${home}"
  zonelistfile: "${home}/zone.list"
  database: ""
  pidfile: "${home}/nsd.pid"
  xfrdfile: "${home}/xfrd.state"
  xfrdir: "${home}"
  server-count: 1
  verbosity: 1
remote-control:
  control-enable: no
${names.map((zone) => `zone:\n  name: "${zone}"\n  zonefile: "${zone}.zone"\n`).join('')}`,
  );
  const start = async (): Promise<Program> => {
    const program = ground.start('nsd', '/usr/sbin/nsd', ['-d', '-c', config]);
    await program.line(/nsd started/u);
    return program;
  };
  let program = await start();
  return {
    port,
    kill: async () => {
      await program.stop('SIGKILL');
    },
    restart: async () => {
      program = await start();
    },
    replace: async (zone, records) => {
      await program.stop('SIGKILL');
      write(zone, records);
      program = await start();
    },
  };
}
