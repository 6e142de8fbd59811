// `npm run demo`: the real Sluice between clients that send 20,000 messages and a simulated neighbourhood with its own DNS.
// Exits with 0 only if every message arrived exactly once at the right destination, no destination ever saw more than a
// limit allows, and ten messages of one tenant overtook the flood of another.

import { controlResult } from '../../src/control/control-client.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { messageIdOf } from '../mx/mx.ts';
import { submit, type Submission } from '../mx/submitter.ts';
import { Ground } from '../neighbours/ground.ts';
import { startSluice, type Sluice } from '../neighbours/sluice.ts';
import { faults, seenAtDestinations } from './checks.ts';
import { configuration, tenantOf } from './configuration.ts';
import { Delays } from './delays.ts';
import { expect } from './expectation.ts';
import { liveTable, type Progress } from './live-table.ts';
import { startNeighbourhood, type Neighbourhood } from './neighbourhood.ts';

const messages = 20_000;
/** A run that takes longer than this has failed. */
const patienceMs = 180_000;

const out = process.stdout;
const ground = new Ground('sluice-demo-');
try {
  process.exitCode = (await demo()) ? 0 : 1;
} finally {
  await ground.end();
}

async function demo(): Promise<boolean> {
  const delays = new Delays();
  const everything = Promise.withResolvers<void>();
  let left = Infinity;
  const neighbourhood = await startNeighbourhood({
    tenantOf,
    onMessage(_, { content, recipients }) {
      delays.arrived(messageIdOf(content));
      left -= recipients.length;
      if (left <= 0) everything.resolve();
    },
  });
  ground.atEnd(() => neighbourhood.close());
  const { providers } = neighbourhood;
  const domains = providers.flatMap((one) => one.domains);
  const exchangers = providers.flatMap((one) => one.exchangers);
  out.write(
    `${messages} messages of one tenant and ten of another to ${domains.length} domains ` +
      `of ${providers.length} providers with ${exchangers.length} addresses\n\n`,
  );
  const sluice = await startSluice(ground, { config: configuration(neighbourhood) });

  const expected = expect(messages, providers);
  left = expected.total;
  const accepted = providers.map(() => 0);
  const placeOf = new Map(providers.flatMap((one, i) => one.domains.map((domain) => [domain, i] as const)));
  const half = Promise.withResolvers<void>();
  let taken = 0;
  const onAccepted = (submission: Submission): void => {
    delays.accepted(submission);
    for (const recipient of submission.to)
      accepted[placeOf.get(recipient.slice(recipient.indexOf('@') + 1))!]!++;
    if (++taken === messages / 2) half.resolve();
  };
  const send = (submissions: readonly Submission[], connections: number): Promise<unknown> =>
    submit(submissions, { address: '127.0.0.1', port: sluice.port, connections, onAccepted });

  const begin = performance.now();
  let waitsFor = providers.map(() => '');
  const progress = (): Progress => ({
    providers,
    accepted,
    waitsFor,
    total: expected.total,
    seconds: (performance.now() - begin) / 1000,
  });
  const draw = liveTable(out);
  const refresh = setInterval(() => draw(progress()), out.isTTY ? 200 : 2_000);
  const ask = setInterval(() => void waiting(sluice, neighbourhood).then((texts) => (waitsFor = texts)), 500);
  let late: NodeJS.Timeout | undefined;
  try {
    const flood = send(expected.submissions, 20);
    // The ten messages are sent when half of the flood is accepted, so that they meet a full queue.
    const few = half.promise.then(() => send(expected.few, 1));
    const enough = new Promise<void>((resolve) => (late = setTimeout(resolve, patienceMs)));
    const ended = sluice.program.ended.then((how) => {
      throw new Error(`Running the demo: Sluice ended by itself (${how}):\n${sluice.program.output}`);
    });
    await Promise.race([Promise.all([flood, few, everything.promise]), enough, ended]);
  } finally {
    clearInterval(refresh);
    clearInterval(ask);
    clearTimeout(late);
  }
  waitsFor = providers.map(() => '');
  draw(progress());
  const seconds = (performance.now() - begin) / 1000;
  // Sluice finishes its transactions before it ends, so every second copy of a message has arrived by then.
  await sluice.program.stop('SIGTERM');

  const found = faults(neighbourhood, expected, delays);
  out.write('\nHighest counts that the destinations saw:\n');
  for (const { what, most, limit } of seenAtDestinations(neighbourhood)) {
    out.write(`  ${what.padEnd(32)} ${String(most).padStart(5)}   limit ${limit}\n`);
  }
  const bans = neighbourhood.bans();
  const wait = (suffix: string): string => `${(delays.longest(suffix) / 1000).toFixed(1)} s`;
  out.write(
    `The provider that bans refused ${bans} connection${bans === 1 ? '' : 's'} before its limit was learned.\n` +
      `The flood waited up to ${wait('.demo@client.test')}, the ten messages of the other tenant up to ${wait('.few@client.test')}.\n`,
  );
  for (const fault of found) out.write(`\nFAILED: ${fault}`);
  out.write(
    found.length > 0
      ? '\n'
      : `Every message arrived once at the right destination: ${expected.total} deliveries in ${seconds.toFixed(1)} s ` +
          `(${Math.round(expected.total / seconds)} a second).\n`,
  );
  return found.length === 0;
}

/** What the mail for each provider waits for, as `sluice status` shows it; empty while Sluice cannot be asked. */
async function waiting(sluice: Sluice, { providers }: Neighbourhood): Promise<string[]> {
  try {
    const status = (await controlResult(`${sluice.directory}/control.sock`, {
      operation: 'status',
    })) as Status;
    const texts = new Map(status.sites.map(({ label, blockedOn }) => [label.split(',')[0], blockedOn]));
    return providers.map(({ name }) => texts.get(`mx1.${name}`) ?? '');
  } catch {
    return providers.map(() => '');
  }
}
