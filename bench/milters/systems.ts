// The systems of the benchmark of milters: Postfix and Sluice, each asking the same milters, and delivering into nothing.

import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** See `milter-main.ts`. */
export type MilterKind = 'answers' | 'silent' | 'end';

export interface MilteredSystem {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts one process that is so many milters. @returns their sockets */
export async function startMilters(
  ground: Ground,
  kind: MilterKind,
  count: number,
  delayMs = 0,
): Promise<readonly string[]> {
  const paths = Array.from({ length: count }, (_, at) =>
    join(ground.directory, `${kind}-${delayMs}-${at}.sock`),
  );
  const program = join(import.meta.dirname, 'milter-main.ts');
  ground.start(`milter-${kind}`, process.execPath, [program, kind, String(delayMs), ...paths]);
  await until('the milters listen', () => paths.every((path) => existsSync(path)));
  for (const path of paths) chmodSync(path, 0o777);
  return paths;
}

export async function filteringPostfix(
  ground: Ground,
  name: string,
  sockets: readonly string[],
  sessions: number,
): Promise<MilteredSystem> {
  const postfix = await startPostfix(ground, name, {
    main: {
      smtpd_milters: sockets.map((path) => `unix:${path}`).join(', '),
      default_transport: 'discard:',
      default_process_limit: String(sessions * 2),
      smtpd_recipient_restrictions: 'permit_mynetworks,reject',
      max_use: '1000000',
      max_idle: '3600s',
      maillog_file: '',
    },
  });
  return {
    port: postfix.port,
    pid: postfix.program.pid,
    stop: async () => void (await postfix.program.stop('SIGTERM')),
  };
}

export async function filteringSluice(
  ground: Ground,
  name: string,
  sockets: readonly string[],
  reuse: boolean,
): Promise<MilteredSystem> {
  const sluice = await startSluice(ground, {
    directory: ground.folder(name),
    config: {
      log: { level: 'warn' },
      stage: sockets.map((path, at) => ({
        name: `milter-${at + 1}`,
        kind: 'milter',
        address: `unix:${path}`,
        reuse_connections: reuse,
      })),
      receive: { max_connections: 2_000, max_connections_per_client: 2_000 },
      route: [{ discard: true }],
    },
  });
  return {
    port: sluice.port,
    pid: sluice.program.pid,
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}
