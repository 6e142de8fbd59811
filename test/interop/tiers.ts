// The servers of examples/tiers as whole programs, with a simulated server for mailboxes and another one for the Internet. Each run has addresses
// of its own on loopback.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MxMessage, startMx } from '../../sim/mx/mx.ts';
import type { Tally } from '../../sim/mx/tally.ts';
import type { Ground, Program } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';

const names = ['egress1', 'egress2', 'centre1', 'centre2', 'ingress1', 'ingress2'] as const;
export type TierName = (typeof names)[number];

export const examples = join(import.meta.dirname, '../../examples/tiers');

export const withoutLoopback =
  process.platform !== 'linux' && 'only Linux has all of 127.0.0.0/8 without being told';

/** The first two numbers of all addresses. */
export function ownNet(): string {
  return `127.${16 + (process.pid % 200)}`;
}

/** What has arrived at a destination. */
export interface Arrivals {
  readonly tally: Tally;
  readonly messages: MxMessage[];
}

export class Tiers {
  readonly net = ownNet();
  /** Mail for example.com, and all other mail. */
  readonly mailboxes: Arrivals;
  readonly internet: Arrivals;
  readonly #ground: Ground;
  readonly #programs = new Map<TierName, Program>();

  private constructor(ground: Ground, mailboxes: Arrivals, internet: Arrivals) {
    this.#ground = ground;
    this.mailboxes = mailboxes;
    this.internet = internet;
  }

  static async start(ground: Ground): Promise<Tiers> {
    const arrivals = async (address: string): Promise<Arrivals> => {
      const messages: MxMessage[] = [];
      const mx = await startMx({ address, port: 2525, onMessage: (message) => messages.push(message) });
      ground.atEnd(() => mx.close());
      return { tally: mx.tally, messages };
    };
    const net = ownNet();
    const tiers = new Tiers(ground, await arrivals(`${net}.4.1`), await arrivals(`${net}.4.2`));
    for (const name of names) tiers.configure(name, (text) => text);
    await Promise.all(names.map((name) => tiers.run(name)));
    return tiers;
  }

  fileOf(name: TierName): string {
    return join(this.#ground.folder(name), 'sluice.toml');
  }

  /** Writes the configuration of the example, changed by a function. */
  configure(name: TierName, change: (text: string) => string): void {
    const text = change(readFileSync(join(examples, `${name}.toml`), 'utf8'));
    writeFileSync(this.fileOf(name), text.replaceAll(/127\.0\.(?=[1-9])/gu, `${this.net}.`));
  }

  /** Starts a server. Resolves when it runs. */
  async run(name: TierName): Promise<void> {
    const program = this.#ground.start(name, process.execPath, [
      sluiceBin,
      'serve',
      '--config',
      this.fileOf(name),
    ]);
    this.#programs.set(name, program);
    await program.line(/ is running as /u);
  }

  /** Stops a server as an administrator does. @returns how it ended */
  stop(name: TierName): Promise<number | NodeJS.Signals> {
    return this.#programs.get(name)!.stop('SIGTERM');
  }

  /** Ends a server at once, and starts it again. */
  async kill(name: TierName): Promise<void> {
    const program = this.#programs.get(name)!;
    if (!program.isRunning) throw new Error(`${name} has ended by itself:\n${program.output}`);
    await program.stop('SIGKILL');
    await this.run(name);
  }

  cli(name: TierName, ...args: string[]): Promise<string> {
    return this.#ground.run(process.execPath, [sluiceBin, ...args, '--config', this.fileOf(name)]);
  }
}
