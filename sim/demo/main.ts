// `npm run demo`: Sluice as it is, between a client that sends 20,000 messages and a simulated neighbourhood with
// its own DNS. Ends with 0 only if every message arrived exactly once, exactly where it should, and no destination
// ever saw more connections than its limit.

import { submit } from '../mx/submitter.ts';
import { Ground } from '../neighbours/ground.ts';
import { startSluice } from '../neighbours/sluice.ts';
import { expect, faults } from './expectation.ts';
import { liveTable, type Progress } from './live-table.ts';
import { connectionLimit, startNeighbourhood } from './neighbourhood.ts';

const messages = 20_000;
/** A run that has not ended by then has failed. */
const patienceMs = 180_000;

const out = process.stdout;
const ground = new Ground('sluice-demo-');
try {
  process.exitCode = (await demo()) ? 0 : 1;
} finally {
  await ground.end();
}

async function demo(): Promise<boolean> {
  const neighbourhood = await startNeighbourhood();
  ground.atEnd(() => neighbourhood.close());
  const { destinations, dns, port } = neighbourhood;
  const domains = destinations.flatMap((one) => one.domains).length;
  out.write(
    `${messages} messages to ${domains} domains on ${destinations.length} mail exchangers, ` +
      `at most ${connectionLimit} connections to each\n\n`,
  );
  const sluice = await startSluice(ground, {
    config: {
      hostname: 'sluice.demo.test',
      dns: { servers: [`${dns.address}:${dns.port}`] },
      queue: { retry: ['2s'], retry_jitter: 0.2 },
      deliver: {
        port,
        ipv6: false,
        address_rest: ['1s'],
      },
      limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections: connectionLimit })),
    },
  });

  const expected = expect(messages, destinations);
  const accepted = destinations.map(() => 0);
  const placeOf = new Map(
    destinations.flatMap((one, i) => one.domains.map((domain) => [domain, i] as const)),
  );
  const begin = performance.now();
  const progress = (): Progress => ({
    destinations,
    accepted,
    total: expected.total,
    seconds: (performance.now() - begin) / 1000,
  });
  const draw = liveTable(out);
  const refresh = setInterval(() => draw(progress()), out.isTTY ? 200 : 2_000);
  let late: NodeJS.Timeout | undefined;
  try {
    const everything = Promise.all([
      submit(expected.submissions, {
        address: '127.0.0.1',
        port: sluice.port,
        connections: 20,
        onAccepted: ({ to }) => {
          for (const recipient of to) accepted[placeOf.get(recipient.slice(recipient.indexOf('@') + 1))!]!++;
        },
      }),
      ...destinations.map((one, i) => one.tally.arrived(expected.deliveries[i]!.size)),
    ]);
    const enough = new Promise<void>((resolve) => (late = setTimeout(resolve, patienceMs)));
    const ended = sluice.program.ended.then((how) => {
      throw new Error(`Sluice ended by itself (${how}):\n${sluice.program.output}`);
    });
    await Promise.race([everything, enough, ended]);
  } finally {
    clearInterval(refresh);
    clearTimeout(late);
  }
  draw(progress());
  const seconds = (performance.now() - begin) / 1000;
  // A second copy of anything would come before Sluice has ended: it finishes what it has in hand.
  await sluice.program.stop('SIGTERM');

  const found = faults(destinations, expected.deliveries);
  if (neighbourhood.bans() > 0) found.push(`the one that bans has done so ${neighbourhood.bans()} times`);
  for (const fault of found) out.write(`\nNOT as it should be: ${fault}`);
  const most = Math.max(...destinations.map(({ tally }) => tally.maxConnections));
  out.write(
    found.length > 0
      ? '\n'
      : `\nEvery message arrived, once, where it should: ${expected.total} deliveries in ${seconds.toFixed(1)} s ` +
          `(${Math.round(expected.total / seconds)} a second).\n` +
          `No destination saw more than ${most} connections at a time; the limit is ${connectionLimit}.\n`,
  );
  return found.length === 0;
}
