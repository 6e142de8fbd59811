// Asks the processes of a running Sluice how long their event loops have kept others waiting (`loop-delay.ts`).

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { until } from '../../sim/neighbours/ground.ts';
import { descendants, titleOf } from '../../sim/neighbours/process-tree.ts';
import { folderVariable, type LoopDelay, loopDelayFile } from './loop-delay.ts';

/** The roles that a message passes. */
const roles = ['receiver', 'keys', 'manager', 'sender'] as const;
export type LoopRole = (typeof roles)[number];

export class LoopDelays {
  readonly #folder: string;

  /** @param folder - an empty one for this instance of Sluice */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The environment that Sluice is started with. */
  get env(): Readonly<Record<string, string>> {
    const script = new URL('./loop-delay.ts', import.meta.url).pathname;
    return { [folderVariable]: this.#folder, NODE_OPTIONS: `--import=${script}` };
  }

  /** What each role has seen since the last call; of several processes of a role, the worst. */
  async take(supervisor: number): Promise<ReadonlyMap<LoopRole, LoopDelay>> {
    const found = new Map<LoopRole, LoopDelay>();
    for (const pid of descendants(supervisor)) {
      const title = titleOf(pid);
      const role = roles.find((each) => title.startsWith(`sluice: ${each}`));
      if (role === undefined) continue;
      const delay = await this.#ask(pid);
      if (delay.p99Ms >= (found.get(role)?.p99Ms ?? 0)) found.set(role, delay);
    }
    return found;
  }

  async #ask(pid: number): Promise<LoopDelay> {
    const file = loopDelayFile(this.#folder, pid);
    rmSync(file, { force: true });
    process.kill(pid, 'SIGUSR2');
    await until(`process ${pid} tells about its event loop`, () => existsSync(file));
    return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;
  }
}
