// `node bench/dead-domains.ts`: how much thousands of dead domains delay mail for living ones. Mail for 200 domains comes at
// a steady rate: once alone, and once with a message each for 10,000 domains whose hosts accept connections and never greet.
// Runs all of Sluice's processes with real sockets. Living hosts delay every reply, as hosts far away do.

import { parseArgs } from 'node:util';
import { startDnsServer, type ZoneName } from '../sim/dns/dns-server.ts';
import { startMx } from '../sim/mx/mx.ts';
import { slow } from '../sim/mx/personality.ts';
import { startSilentHost, type SilentHost } from '../sim/mx/silent-host.ts';
import { submit, type Submission } from '../sim/mx/submitter.ts';
import { freePort, Ground, until } from '../sim/neighbours/ground.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { startSluice } from '../sim/neighbours/sluice.ts';
import { median } from './median.ts';

const help = `node bench/dead-domains.ts [options]
  --dead N         dead domains (10000)
  --messages N     messages for living domains in each run (6000)
  --seconds N      time over which these are sent; mail for dead domains is sent in the first half (30)
  --repeats N      pairs of runs (3)
  --json           one JSON object
`;

const { values } = parseArgs({
  options: {
    dead: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '6000' },
    seconds: { type: 'string', default: '30' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const seconds = Number(values.seconds);
const living = Array.from({ length: 200 }, (_, i) => `l${i}.living.test`);
const dead = Array.from({ length: Number(values.dead) }, (_, i) => `d${i}.dead.test`);
const replyMs = 20;

interface Run {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** From the first submission to the last delivery. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Submits `count` messages at a steady pace over a time, some in each tenth of a second. */
async function submitPaced(
  port: number,
  domains: readonly string[],
  count: number,
  overMs: number,
): Promise<void> {
  const begin = performance.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - begin + 100) / overMs) * count));
    const batch: Submission[] = [];
    for (; sent < due; sent++) {
      // The id has the time of the submission.
      const id = `${sent}.${Date.now()}@client.test`;
      batch.push({ id, from: 'sender@client.test', to: [`person@${domains[sent % domains.length]}`] });
    }
    await submit(batch, { address: '127.0.0.1', port, connections: 4 });
    const waitMs = begin + (sent / count) * overMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

async function run(crowd: readonly string[]): Promise<Run> {
  const ground = new Ground('sluice-dead-');
  try {
    const port = await freePort();
    const silent: SilentHost = await startSilentHost(['0.0.0.0'], port);
    const zone: Record<string, ZoneName> = {};
    for (const [i, domain] of crowd.entries()) {
      zone[domain] = { mx: [{ preference: 10, exchange: `mx.${domain}` }] };
      zone[`mx.${domain}`] = { a: [`127.31.${i >> 8}.${i & 255}`] };
    }
    const dns = await startDnsServer({ zone });
    const delays: number[] = [];
    let lastMs = 0;
    const mx = await startMx({
      address: '0.0.0.0',
      port: 0,
      personality: slow(replyMs),
      onMessage: ({ content }) => {
        lastMs = Date.now();
        const sentMs = /message-id: <\d+\.(\d+)@/iu.exec(content.toString('latin1', 0, 2_048))?.[1];
        delays.push(lastMs - Number(sentMs));
      },
    });
    ground.atEnd(async () => {
      await Promise.all([dns.close(), silent.close(), mx.close()]);
    });
    const sluice = await startSluice(ground, {
      config: {
        log: { level: 'warn' },
        dns: { servers: [`${dns.address}:${dns.port}`] },
        deliver: { port, ipv6: false },
        route: living.map((domain, i) => ({ domain: [domain], relay: [`127.32.0.${i + 1}:${mx.port}`] })),
      },
    });
    const cpuBefore = cpuMs(sluice.program.pid);
    const begin = Date.now();
    await Promise.all([
      submitPaced(sluice.port, living, messages, seconds * 1_000),
      submitPaced(sluice.port, crowd, crowd.length, seconds * 500),
    ]);
    await until('the mail for living domains has arrived', () => delays.length >= messages, 300_000);
    await until('every dead domain was tried', () => silent.opened() >= crowd.length, 300_000);
    delays.sort((a, b) => a - b);
    const part = (share: number): number => delays[Math.floor(share * (delays.length - 1))] ?? 0;
    return {
      medianMs: part(0.5),
      p99Ms: part(0.99),
      seconds: (lastMs - begin) / 1_000,
      cpuSeconds: (cpuMs(sluice.program.pid) - cpuBefore) / 1_000,
    };
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

async function bench(): Promise<void> {
  const alone: Run[] = [];
  const among: Run[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    alone.push(await run([]));
    among.push(await run(dead));
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ alone, among })}\n`);
    return;
  }
  for (const [name, runs] of [
    ['alone', alone],
    [`among ${dead.length} dead domains`, among],
  ] as const) {
    const of = (pick: (run: Run) => number): number => median(runs.map(pick));
    process.stdout.write(
      `${name.padEnd(28)} done after ${of((each) => each.seconds).toFixed(1)} s, ` +
        `median delay ${of((each) => each.medianMs).toFixed(0)} ms, 99 % within ${of((each) => each.p99Ms).toFixed(0)} ms, ` +
        `${of((each) => each.cpuSeconds).toFixed(1)} s CPU\n`,
    );
  }
}

if (values.help) process.stdout.write(help);
else await bench();
