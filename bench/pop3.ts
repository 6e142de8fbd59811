// `npm run bench:pop3`: mail that is fetched by POP3 from Sluice and from Dovecot in turns, from the same Maildirs: messages a second and CPU of
// each, how long a large mailbox takes to open, and what sessions take that are open at once.

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { anonymousBytes, cpuMs } from '../sim/neighbours/process-tree.ts';
import { median } from './median.ts';
import { Pop3Client } from './pop3/client.ts';
import { fillMaildir } from './pop3/mailboxes.ts';
import {
  password,
  type Pop3System,
  startPop3Dovecot,
  startPop3Sluice,
  withoutDovecotPop3,
} from './pop3/systems.ts';

const help = `npm run bench:pop3 -- [options]
  --messages N        that are fetched in one run (10000)
  --size BYTES        of each (4096)
  --ahead N           commands that are sent before their turn where commands are pipelined (50)
  --at-once N         sessions that fetch at the same time, all the messages together (8)
  --large N           messages of the large mailbox; 0: it is left out (100000)
  --sessions N        sessions that are open at once; 0: they are left out (1000)
  --dovecot N         sessions of Dovecot at once, each of which is a process (100)
  --repeats N         runs of each system, taking turns (3)
  --profiles FOLDER   CPU profiles of Sluice's processes
  --json              one JSON object
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    size: { type: 'string', default: '4096' },
    ahead: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '8' },
    large: { type: 'string', default: '100000' },
    sessions: { type: 'string', default: '1000' },
    dovecot: { type: 'string', default: '100' },
    repeats: { type: 'string', default: '3' },
    profiles: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const messages = Number(values.messages);
const atOnce = Number(values['at-once']);
const large = Number(values.large);
const sessions = Number(values.sessions);
/** Sessions that are open before memory is measured the first time. */
const first = 50;
const messagesEach = 10;

/** Ratios asked for. */
const budgets = { retrieved: 0.5, openMs: 300 };

interface Fetched {
  readonly perSecond: number;
  /** CPU of the system for one message. */
  readonly cpuMs: number;
}

const ways = [
  'one session, step by step',
  'one session, pipelined',
  'several sessions, step by step',
] as const;

async function open(system: Pop3System, user: string): Promise<Pop3Client> {
  const client = await Pop3Client.open(system.port);
  await client.logIn(`${user}@box.test`, password);
  return client;
}

async function fetch(system: Pop3System, way: (typeof ways)[number]): Promise<Fetched> {
  const users = way === ways[2] ? Array.from({ length: atOnce }, (_, index) => `several${index}`) : ['one'];
  const clients = await Promise.all(users.map((user) => open(system, user)));
  const each = Math.floor(messages / users.length);
  const [before, begin] = [cpuMs(system.pid), performance.now()];
  await Promise.all(
    clients.map((client) => client.retrieve(each, way === ways[1] ? Number(values.ahead) : 0)),
  );
  const tookMs = performance.now() - begin;
  const cpu = cpuMs(system.pid) - before;
  for (const client of clients) await client.quit();
  return { perSecond: (1000 * each * users.length) / tookMs, cpuMs: cpu / (each * users.length) };
}

interface Opened {
  /** From the password to its answer. */
  readonly openMs: number;
  /** UIDL and LIST of all, after that. */
  readonly listMs: number;
}

async function openLarge(system: Pop3System): Promise<Opened> {
  const client = await Pop3Client.open(system.port);
  const openMs = await client.logIn('large@box.test', password);
  const begin = performance.now();
  await client.list('UIDL');
  await client.list('LIST');
  const listMs = performance.now() - begin;
  await client.quit();
  return { openMs, listMs };
}

interface Held {
  readonly sessions: number;
  readonly kibEach: number;
  /** Messages a second that all of them fetch together. */
  readonly perSecond: number;
  readonly cpuMs: number;
  /** Percent of one core, while all are open and idle. */
  readonly idlePercent: number;
}

async function holdMany(system: Pop3System, count: number): Promise<Held> {
  const clients: Pop3Client[] = [];
  const openUpTo = async (most: number): Promise<void> => {
    while (clients.length < most) {
      const users = Array.from(
        { length: Math.min(20, most - clients.length) },
        (_, index) => clients.length + index,
      );
      clients.push(...(await Promise.all(users.map((index) => open(system, `many${index}`)))));
    }
  };
  const begun = Math.min(first, Math.floor(count / 2));
  await openUpTo(begun);
  for (const client of clients) await client.retrieve(1, 0);
  await sleep(2_000);
  const bytes = anonymousBytes(system.pid);
  await openUpTo(count);
  for (const client of clients) await client.retrieve(1, 0);
  await sleep(2_000);
  const kibEach = (anonymousBytes(system.pid) - bytes) / 1024 / (count - begun);
  const [idleBefore, idleBegin] = [cpuMs(system.pid), performance.now()];
  await sleep(5_000);
  const idlePercent = (100 * (cpuMs(system.pid) - idleBefore)) / (performance.now() - idleBegin);
  const [before, begin] = [cpuMs(system.pid), performance.now()];
  await Promise.all(clients.map((client) => client.retrieve(messagesEach, 0)));
  const tookMs = performance.now() - begin;
  const cpu = cpuMs(system.pid) - before;
  for (const client of clients) await client.quit();
  const fetched = messagesEach * count;
  return {
    sessions: count,
    kibEach: Math.round(kibEach * 10) / 10,
    perSecond: Math.round((1000 * fetched) / tookMs),
    cpuMs: cpu / fetched,
    idlePercent: Math.round(idlePercent * 10) / 10,
  };
}

function medianOf<T>(all: readonly T[], of: (one: T) => number): number {
  return median(all.map(of));
}

async function compare<T>(
  systems: readonly Pop3System[],
  work: (system: Pop3System) => Promise<T>,
): Promise<T[][]> {
  // The first run, which is not counted, has caches filled and hot code compiled.
  const results: T[][] = [];
  for (const system of systems) {
    await work(system);
    results.push([]);
  }
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    for (const [index, system] of systems.entries()) results[index]?.push(await work(system));
  return results;
}

function fill(folder: string): string[] {
  const size = Number(values.size);
  const wanted: [string, number, number][] = [['one', messages, size]];
  for (let index = 0; index < atOnce; index++)
    wanted.push([`several${index}`, Math.floor(messages / atOnce), size]);
  if (large > 0) wanted.push(['large', large, 300]);
  for (let index = 0; index < sessions; index++) wanted.push([`many${index}`, messagesEach, size]);
  for (const [user, count, bytes] of wanted) fillMaildir(join(folder, user), count, bytes);
  return wanted.map(([user]) => user);
}

async function bench(ground: Ground): Promise<void> {
  const folder = ground.folder('mail');
  const options = { folder, users: fill(folder), sessions, profiles: values.profiles };
  const sluice = await startPop3Sluice(ground, options);
  const dovecot = await startPop3Dovecot(ground, options);
  const systems = [sluice, dovecot];
  const lines: string[] = [];
  const found: Record<string, unknown> = {};
  for (const way of ways) {
    const [ours = [], theirs = []] = await compare(systems, (system) => fetch(system, way));
    const rates = [ours, theirs].map((all) => medianOf(all, ({ perSecond }) => perSecond));
    const cpus = [ours, theirs].map((all) => medianOf(all, (one) => one.cpuMs));
    const [[rate = 0, other = 0], [cpu = 0, otherCpu = 0]] = [rates, cpus];
    found[way] = { sluice: { perSecond: rate, cpuMs: cpu }, dovecot: { perSecond: other, cpuMs: otherCpu } };
    lines.push(
      `${way.padEnd(31)} Sluice ${rate.toFixed(0)}/s, ${cpu.toFixed(3)} ms CPU  Dovecot ${other.toFixed(0)}/s, ${otherCpu.toFixed(3)} ms CPU  ` +
        `${(rate / other).toFixed(2)} times as fast (asked ${budgets.retrieved}), ${(cpu / otherCpu).toFixed(2)} times the CPU`,
    );
  }
  if (large > 0) {
    const [ours = [], theirs = []] = await compare(systems, openLarge);
    const of = (all: readonly Opened[]): Opened => ({
      openMs: medianOf(all, ({ openMs }) => openMs),
      listMs: medianOf(all, ({ listMs }) => listMs),
    });
    const [mine, its] = [of(ours), of(theirs)];
    found['large'] = { sluice: mine, dovecot: its };
    lines.push(
      `a mailbox of ${large} opens in     Sluice ${mine.openMs.toFixed(0)} ms, lists ${mine.listMs.toFixed(0)} ms  Dovecot, with its index, ${its.openMs.toFixed(0)} ms, lists ${its.listMs.toFixed(0)} ms  ` +
        `${(mine.openMs / its.openMs).toFixed(2)} times as long (asked: less than ${budgets.openMs} ms)`,
    );
  }
  if (sessions > 0) {
    const held = {
      sluice: await holdMany(sluice, sessions),
      dovecot: await holdMany(dovecot, Math.min(sessions, Number(values.dovecot))),
    };
    found['sessions'] = held;
    for (const [name, { sessions: count, kibEach, perSecond, cpuMs: cpu, idlePercent }] of Object.entries(
      held,
    ))
      lines.push(
        `${count} sessions at once, ${name}: ${kibEach} KiB each, idle ${idlePercent} % of a core, ${perSecond} messages/s, ${cpu.toFixed(3)} ms CPU each`,
      );
  }
  await sluice.stop();
  await dovecot.stop();
  process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${lines.join('\n')}\n`);
}

if (values.help) process.stdout.write(help);
else {
  const missing = withoutDovecotPop3();
  if (missing !== false) throw new Error(missing);
  const ground = new Ground('sluice-pop3-');
  try {
    await bench(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
