// Kills Sluice's processes at random moments. Shared by kill-storm.ts and kill-batches.ts.

import { readFileSync } from 'node:fs';
import { below, type Random } from '../../sim/disk/random.ts';
import { until, type Ground } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceOptions } from '../../sim/neighbours/sluice.ts';

/** A Sluice whose processes are killed; it is started again when its supervisor was killed. */
export class Victim {
  readonly #ground: Ground;
  readonly #options: SluiceOptions;
  readonly #random: Random;
  #sluice: Sluice;
  /** How often each kind of process was killed. */
  readonly kills: Record<string, number> = {};

  private constructor(ground: Ground, options: SluiceOptions, random: Random, sluice: Sluice) {
    this.#ground = ground;
    this.#options = options;
    this.#random = random;
    this.#sluice = sluice;
  }

  /** @param random Chooses moments and processes: the same seed kills in the same order. */
  static async start(ground: Ground, options: SluiceOptions, random: Random): Promise<Victim> {
    return new Victim(ground, options, random, await startSluice(ground, options));
  }

  get sluice(): Sluice {
    return this.#sluice;
  }

  /** Waits a while and kills a random process. After a kill of the supervisor, starts Sluice again. */
  async killOne(shortestMs: number, longestMs: number): Promise<void> {
    const delayMs = shortestMs + this.#random() * (longestMs - shortestMs);
    await new Promise((resolve) => setTimeout(resolve, delayMs)); // the moment is the test's own choice
    const pids = this.#sluice.pids();
    const pid = pids[below(this.#random, pids.length)];
    if (pid === undefined) return;
    const kind = kindOf(pid);
    this.kills[kind] = (this.kills[kind] ?? 0) + 1;
    kill(pid);
    if (pid !== this.#sluice.program.pid) return;
    await allGone(pids.slice(1));
    this.#sluice = await startSluice(this.#ground, this.#options);
  }

  /** Resolves when no mail is left. Throws if Sluice has ended by itself. */
  async emptied(): Promise<void> {
    this.mustRun();
    await until('the queue is empty', async () => {
      const waiting = await this.#sluice.cli('queue', 'list', '--json');
      return waiting.trim() === '';
    });
  }

  mustRun(): void {
    const { program } = this.#sluice;
    if (!program.isRunning) throw new Error(`Sluice ended by itself:\n${program.output}`);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it had just ended
  }
}

/** Waits until the processes of a killed supervisor have ended, which they do by themselves. */
async function allGone(pids: readonly number[]): Promise<void> {
  await until('the processes of a killed supervisor end', () => pids.every((pid) => kindOf(pid) === 'gone'));
}

/** The process's title, which names its role. */
function kindOf(pid: number): string {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (/\) [ZX] /u.test(state)) return 'gone';
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return 'gone';
  }
}
