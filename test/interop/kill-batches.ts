// Load by Debian's smtp-source on a real Sluice whose processes are killed (-9) at random moments. smtp-source gives up at
// its first lost connection and does not say which messages were accepted by then. When it exits with 0, each of them was
// answered with 250. So it sends small batches, and of every batch that ended with 0 nothing may be lost.

import { below, seededRandom } from '../../sim/disk/random.ts';
import { startMx } from '../../sim/mx/mx.ts';
import { slow } from '../../sim/mx/personality.ts';
import { freePort, listening, until, type Ground } from '../../sim/neighbours/ground.ts';
import type { SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { Victim } from './killing.ts';

export interface BatchOptions {
  /** Number of kills; between two of them some batches succeed. */
  readonly kills: number;
  /** Chooses the processes and moments of kills. */
  readonly seed: number;
  readonly config?: SluiceConfig;
}

/** One run of smtp-source, whose messages have their own sender and recipient. */
export interface Batch {
  readonly sender: string;
  readonly messages: number;
  /** True when smtp-source exited with 0, so that every message was answered with 250. */
  readonly promised: boolean;
  /** Number of different messages that arrived. */
  readonly arrived: number;
}

export interface BatchReport {
  readonly batches: readonly Batch[];
  readonly kills: Readonly<Record<string, number>>;
  readonly duplicates: number;
}

const lanes = 3;
const messages = 20;
/** Limit for events that take a moment on an idle machine. */
const patienceMs = 60_000;

export async function killBatches(ground: Ground, options: BatchOptions): Promise<BatchReport> {
  const { kills, seed, config } = options;
  const arrivals = new Map<string, Map<string, number>>();
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    // Mail waits, so that some is in flight at each kill.
    personality: slow(20),
    onMessage: ({ sender, content }) => count(arrivals, sender, messageIdOf(content)),
  });
  ground.atEnd(() => mx.close());
  const port = await freePort();
  const random = seededRandom(seed);
  const victim = await Victim.start(
    ground,
    {
      directory: ground.folder('sluice'),
      port,
      config: {
        queue: { retry: ['1s'], segment_size: '1MiB', relocate_after: '1s' },
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        deliver: { address_rest: ['1s'] },
        ...config,
      },
    },
    random,
  );

  const brought: { readonly sender: string; readonly promised: boolean }[] = [];
  const well = (): number => brought.filter(({ promised }) => promised).length;
  let stormIsOver = false;
  const bring = async (sender: string): Promise<boolean> => {
    const mail = ['-s', '4', '-m', String(messages), '-l', '2000', '-f', sender, '-t', 'someone@kill.test'];
    const program = ground.start('smtp-source', 'smtp-source', [...mail, `127.0.0.1:${port}`]);
    return (await program.ended) === 0;
  };
  let number = 0;
  const lane = async (): Promise<void> => {
    while (!stormIsOver) {
      const sender = `batch${number++}@kill.test`;
      brought.push({ sender, promised: await bring(sender) });
      // Between a kill and the new process nothing listens, and a batch would fail at once.
      await listening(victim.sluice.program, port).catch(() => undefined);
    }
  };
  const storm = async (): Promise<void> => {
    try {
      for (let killed = 0; killed < kills; killed++) {
        const enough = well() + 1 + below(random, 4);
        await until('some batches end well between two kills', () => well() >= enough, patienceMs);
        await victim.killOne(0, 300);
      }
    } finally {
      stormIsOver = true;
    }
  };
  await Promise.all([storm(), ...Array.from({ length: lanes }, lane)]);
  victim.mustRun();
  // One more batch without a kill, to see that Sluice still accepts mail.
  brought.push({ sender: 'last@kill.test', promised: await bring('last@kill.test') });

  const arrivedOf = (sender: string): number => arrivals.get(sender)?.size ?? 0;
  const kept = brought.filter(({ promised }) => promised);
  const complete = await until(
    'every message that was answered with 250 has arrived',
    () => kept.every(({ sender }) => arrivedOf(sender) >= messages),
    patienceMs,
  ).catch(() => false);
  if (complete) await victim.emptied();
  let duplicates = 0;
  for (const ids of arrivals.values()) for (const times of ids.values()) duplicates += times - 1;
  return {
    batches: brought.map(({ sender, promised }) => ({
      sender,
      promised,
      messages,
      arrived: arrivedOf(sender),
    })),
    kills: victim.kills,
    duplicates,
  };
}

function count(arrivals: Map<string, Map<string, number>>, sender: string, messageId: string): void {
  const ids = arrivals.get(sender) ?? new Map<string, number>();
  arrivals.set(sender, ids);
  ids.set(messageId, (ids.get(messageId) ?? 0) + 1);
}

/** smtp-source numbers its messages: process, session, message. */
function messageIdOf(content: Buffer): string {
  const line = /^Message-Id: (\S+)/imu.exec(content.toString('latin1', 0, 2_000));
  if (!line?.[1]) throw new Error('a message of smtp-source arrived without its Message-Id');
  return line[1];
}
