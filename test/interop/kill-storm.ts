// Load on a real Sluice whose processes are killed (-9) at random moments, and what must be true afterwards:
// every delivery that was answered with 250 has arrived. Used by kill.test.ts, and for longer by soak.ts.

import { readFileSync } from 'node:fs';
import { startMx } from '../../sim/mx/mx.ts';
import { both, dropAt, greylist, normal, slow } from '../../sim/mx/personality.ts';
import { submit, type Submission, type Submitted } from '../../sim/mx/submitter.ts';
import { freePort, until, type Ground } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';

export interface StormOptions {
  readonly durationMs: number;
  /** Chooses victims and moments: the same seed kills in the same order. */
  readonly seed: number;
  readonly config?: SluiceConfig;
}

export interface StormReport {
  readonly sent: Submitted;
  /** How often each kind of process was killed. */
  readonly kills: Readonly<Record<string, number>>;
  /** Deliveries that were promised with 250 and have not arrived. */
  readonly missing: readonly string[];
  readonly arrived: number;
  readonly duplicates: number;
}

const destinations = [
  ['quick.test', normal],
  ['slow.test', slow(5)],
  ['grey.test', greylist(300)],
  ['shaky.test', dropAt('message', 20, true)],
  ['shakier.test', both(dropAt('content', 20), dropAt('rcpt', 20))],
] as const;

export async function killStorm(
  ground: Ground,
  { durationMs, seed, config }: StormOptions,
): Promise<StormReport> {
  const random = seededRandom(seed);
  const mxs = await Promise.all(
    destinations.map(([, personality]) => startMx({ address: '127.0.0.1', port: 0, personality })),
  );
  ground.atEnd(async () => void (await Promise.all(mxs.map((mx) => mx.close()))));
  const options = {
    directory: ground.folder('sluice'),
    port: await freePort(),
    config: {
      queue: { retry: ['1s'], segment_size: '1MiB', relocate_after: '1s' },
      route: destinations.map(([domain], i) => ({ domain: [domain], relay: [`127.0.0.1:${mxs[i]!.port}`] })),
      deliver: { address_rest: ['1s'] },
      ...config,
    },
  };
  let sluice = await startSluice(ground, options);
  let stormIsOver = false;
  function* submissions(): Generator<Submission> {
    for (let i = 0; !stormIsOver; i++) {
      const domains = destinations.map(([domain]) => domain).filter(() => random() < 0.4);
      const to = (domains.length > 0 ? domains : ['quick.test']).map((domain) => `user${i % 7}@${domain}`);
      // Now and then one that is large enough for a file of its own.
      const sizeBytes = i % 200 === 199 ? 1_500_000 : 2_000;
      yield { id: `${seed}.${i}@storm.test`, from: `sender${i % 5}@client.test`, to, sizeBytes };
    }
  }
  const client = submit(submissions(), {
    address: '127.0.0.1',
    port: sluice.port,
    connections: 20,
    perConnection: 50,
    persistent: true,
  });

  const kills: Record<string, number> = {};
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1_400)); // the moment is the test's own choice
    const pids = sluice.pids();
    const victim = pids[Math.floor(random() * pids.length)];
    if (victim === undefined) continue;
    const kind = kindOf(victim);
    kills[kind] = (kills[kind] ?? 0) + 1;
    kill(victim);
    if (victim === sluice.program.pid) {
      await allGone(pids.slice(1));
      sluice = await startSluice(ground, options);
    }
  }
  stormIsOver = true;
  const sent = await client;
  if (!sluice.program.isRunning) throw new Error(`Sluice ended by itself:\n${sluice.program.output}`);
  const arrived = (): Set<string> => new Set(mxs.flatMap((mx) => [...mx.tally.deliveries.keys()]));
  await until('all that was promised arrives', () => sent.accepted.isSubsetOf(arrived()), 60_000).catch(
    () => {},
  );
  const missing = [...sent.accepted.difference(arrived())];
  if (missing.length === 0) await emptied(sluice);
  return {
    sent,
    kills,
    missing,
    arrived: arrived().size,
    duplicates: mxs.reduce((sum, mx) => sum + mx.tally.duplicates, 0),
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it had just ended
  }
}

/** Without the supervisor the other processes have nobody to answer to: they have to end by themselves. */
async function allGone(pids: readonly number[]): Promise<void> {
  await until(
    'the processes of a killed supervisor end',
    () => pids.every((pid) => kindOf(pid) === 'gone'),
    10_000,
  );
}

async function emptied(sluice: Sluice): Promise<void> {
  await until('the queue is empty', async () => (await sluice.cli('queue', 'list', '--json')).trim() === '');
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

/** mulberry32: small, and good enough to choose victims. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
