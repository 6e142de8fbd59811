// `npm run bench:failures`: mail that fails, all of it: how many failures a second the manager works off, from the answer of a server to
// the report that is stored and delivered; whether tenants take turns meanwhile; and how much memory it takes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { configOf, fill, messageOf, openIntake, tenantOf } from './failures/mail.ts';
import { startManager } from './failures/system.ts';

const help = `npm run bench:failures -- [options]
  --messages N     that fail (1000000)
  --directory DIR  where the spool is made (the folder for temporary files)
  --json           one JSON object
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    directory: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    fill: { type: 'string' },
    run: { type: 'string' },
  },
});
const messages = Number(values.messages);

/** Messages that a third tenant hands in when a quarter of the others has failed. */
const lateMessages = 10;
/** The share of each of the two tenants is looked at so often. */
const looks = 20;

const budgets = { perSecond: 5_000, leastShare: 0.45, lateSeconds: 5, mib: 768 };

interface Figures {
  readonly messages: number;
  readonly seconds: number;
  /** Failures whose report is stored, a second. */
  readonly perSecond: number;
  readonly cpuUs: number;
  /** The smallest share that one of two equal tenants had in a twentieth of the work, while both had mail. */
  readonly leastShare: number;
  /** From when the ten messages of the third tenant were handed in to when the last of their reports was stored. */
  readonly lateSeconds: number;
  /** Most messages that had failed and whose report was not stored yet. */
  readonly mostWaiting: number;
  /** Resident memory after the queue was read, and at most. */
  readonly readMib: number;
  readonly mostMib: number;
}

async function run(spool: string): Promise<Figures> {
  const reported = new Map<string, number>();
  const portions: Map<string, number>[] = [new Map()];
  let all = 0;
  let lateAt = 0;
  let lateSeconds = 0;
  const over = Promise.withResolvers<void>();
  const late = Promise.withResolvers<void>();
  const system = await startManager(configOf(spool), (event, fields) => {
    if (event !== 'bounced') return;
    const tenant = tenantOf(String(fields['from']));
    reported.set(tenant, (reported.get(tenant) ?? 0) + 1);
    const portion = portions.at(-1);
    portion?.set(tenant, (portion.get(tenant) ?? 0) + 1);
    if (++all % Math.ceil(messages / looks) === 0) portions.push(new Map());
    if (all === messages >> 2) late.resolve();
    if (tenant === 'late') lateSeconds = (performance.now() - lateAt) / 1_000;
    if (all === messages + lateMessages) over.resolve();
  });
  const readMib = residentMib();
  const intake = await openIntake(spool);
  let mostWaiting = 0;
  const watch = setInterval(() => {
    mostWaiting = Math.max(mostWaiting, system.refused - all);
  }, 20);
  const before = process.cpuUsage();
  const begun = performance.now();
  system.begin();
  await late.promise;
  lateAt = performance.now();
  for (let number = 0; number < lateMessages; number++) {
    const message = messageOf(intake.newQueueId(), 'late', number);
    const { ref, sizeBytes } = await intake.append(message);
    const { queueId, receivedAtMs, reversePath, recipients, tenant } = message.envelope;
    const to = recipients.map(({ address }) => address);
    const facts = { queueId, receivedAtMs, reversePath, tenant, recipients: to, ref, sizeBytes };
    system.receiver.post({ kind: 'submitted', ...facts });
  }
  await over.promise;
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system: kernel } = process.cpuUsage(before);
  clearInterval(watch);
  return {
    messages,
    seconds,
    perSecond: messages / seconds,
    cpuUs: (user + kernel) / messages,
    leastShare: leastShare(portions),
    lateSeconds,
    mostWaiting,
    readMib,
    mostMib: process.resourceUsage().maxRSS / 1_024,
  };
}

/** Of the portions in which both tenants had mail: not the last one, nor that in which one of them ended. */
function leastShare(portions: readonly ReadonlyMap<string, number>[]): number {
  const shares = portions.map((portion) => {
    const [first = 0, second = 0] = [portion.get('first'), portion.get('second')];
    return Math.min(first, second) / (first + second);
  });
  return Math.min(...shares.slice(0, looks - 2));
}

function residentMib(): number {
  return process.memoryUsage.rss() / 1_048_576;
}

function child(...args: readonly string[]): string {
  const { stdout, status } = spawnSync(process.execPath, [import.meta.filename, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`a part of the benchmark ended with ${status}`);
  return stdout;
}

function print(figures: Figures): void {
  const {
    perSecond,
    cpuUs,
    leastShare: share,
    lateSeconds,
    mostWaiting,
    readMib,
    mostMib,
    seconds,
  } = figures;
  const rows = [
    ['failures a second, reported and booked', perSecond.toFixed(0), `at least ${budgets.perSecond}`],
    ['seconds in all', seconds.toFixed(1), ''],
    ['CPU of one', `${cpuUs.toFixed(0)} us`, ''],
    ['smallest share of one of two tenants', share.toFixed(3), `at least ${budgets.leastShare}`],
    ['ten messages of a third tenant', `${lateSeconds.toFixed(2)} s`, `at most ${budgets.lateSeconds} s`],
    ['most failures without a report yet', String(mostWaiting), ''],
    ['memory when the queue was read', `${readMib.toFixed(0)} MiB`, ''],
    ['memory at most', `${mostMib.toFixed(0)} MiB`, `at most ${budgets.mib} MiB`],
  ];
  console.log(`${figures.messages} messages that all fail`);
  for (const [what = '', figure = '', budget = ''] of rows) {
    console.log(`  ${what.padEnd(42)} ${figure.padStart(10)}   ${budget}`);
  }
}

if (values.help) {
  console.log(help);
} else if (values.fill !== undefined) {
  await fill(values.fill, messages);
} else if (values.run !== undefined) {
  process.stdout.write(JSON.stringify(await run(values.run)));
  process.exit();
} else {
  const folder = mkdtempSync(join(values.directory, 'sluice-failures-'));
  try {
    const spool = join(folder, 'spool');
    child('--fill', spool, '--messages', values.messages);
    const figures = JSON.parse(child('--run', spool, '--messages', values.messages)) as Figures;
    if (values.json) console.log(JSON.stringify(figures));
    else print(figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
