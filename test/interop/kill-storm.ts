// Load on a real Sluice whose processes are killed (-9) at random moments, and what must be true afterwards:
// every delivery that was answered with 250 has arrived. Used by kill.test.ts, and for longer by soak.ts.

import { seededRandom } from '../../sim/disk/random.ts';
import { startMx } from '../../sim/mx/mx.ts';
import { combined, dropAt, greylist, normal, slow } from '../../sim/mx/personality.ts';
import { submit, type Submission, type Submitted } from '../../sim/mx/submitter.ts';
import { freePort, until, type Ground } from '../../sim/neighbours/ground.ts';
import type { SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { Victim } from './killing.ts';

export interface StormOptions {
  readonly durationMs: number;
  /** Chooses the processes and moments of kills: the same seed kills in the same order. */
  readonly seed: number;
  readonly config?: SluiceConfig;
}

export interface StormReport {
  readonly sent: Submitted;
  /** How often each kind of process was killed. */
  readonly kills: Readonly<Record<string, number>>;
  /** Deliveries that were answered with 250 and have not arrived. */
  readonly missing: readonly string[];
  readonly arrived: number;
  readonly duplicates: number;
}

const destinations = [
  ['quick.test', normal],
  ['slow.test', slow(5)],
  ['grey.test', greylist(300)],
  ['shaky.test', dropAt('message', 20, true)],
  ['shakier.test', combined(dropAt('content', 20), dropAt('rcpt', 20))],
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
  const port = await freePort();
  const options = {
    directory: ground.folder('sluice'),
    port,
    config: {
      queue: { retry: ['1s'], segment_size: '1MiB', relocate_after: '1s' },
      route: destinations.map(([domain], i) => ({ domain: [domain], relay: [`127.0.0.1:${mxs[i]!.port}`] })),
      deliver: { address_rest: ['1s'] },
      ...config,
    },
  };
  const victim = await Victim.start(ground, options, random);
  let stormIsOver = false;
  function* submissions(): Generator<Submission> {
    for (let i = 0; !stormIsOver; i++) {
      const domains = destinations.map(([domain]) => domain).filter(() => random() < 0.4);
      const to = (domains.length > 0 ? domains : ['quick.test']).map((domain) => `user${i % 7}@${domain}`);
      // Now and then a message that is large enough for a file of its own.
      const sizeBytes = i % 200 === 199 ? 1_500_000 : 2_000;
      yield { id: `${seed}.${i}@storm.test`, from: `sender${i % 5}@client.test`, to, sizeBytes };
    }
  }
  const client = submit(submissions(), {
    address: '127.0.0.1',
    port,
    connections: 20,
    perConnection: 50,
    persistent: true,
  });

  const end = performance.now() + durationMs;
  while (performance.now() < end) await victim.killOne(100, 1_500);
  stormIsOver = true;
  const sent = await client;
  victim.mustRun();
  const arrived = (): Set<string> => new Set(mxs.flatMap((mx) => [...mx.tally.deliveries.keys()]));
  await until('all that was promised arrives', () => sent.accepted.isSubsetOf(arrived()), 60_000).catch(
    () => {},
  );
  const missing = [...sent.accepted.difference(arrived())];
  if (missing.length === 0) await victim.emptied();
  return {
    sent,
    kills: victim.kills,
    missing,
    arrived: arrived().size,
    duplicates: mxs.reduce((sum, mx) => sum + mx.tally.duplicates, 0),
  };
}
