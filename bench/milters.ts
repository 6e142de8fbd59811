// `npm run bench:milters`: how many messages a second Postfix and Sluice take with the same milters, one process on several sockets, in the
// same run; and what a session takes that waits for a milter, while others go on.

import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from '../sim/mx/submitter.ts';
import { Ground } from '../sim/neighbours/ground.ts';
import { anonymousBytes, cpuMs } from '../sim/neighbours/process-tree.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { median } from './median.ts';
import {
  filteringPostfix,
  filteringSluice,
  type MilteredSystem,
  type MilterKind,
  startMilters,
} from './milters/systems.ts';

const help = `npm run bench:milters -- [options]
  --kinds KIND[,KIND]  answers (milters that answer every event), silent (that answer only at the end, as rspamd), end (that
                       want nothing but the end); empty: none (answers,silent)
  --milters N          (4)
  --sessions N         clients at the same time (20)
  --messages N         of each run (1000)
  --size BYTES         of each message (4096)
  --repeats N          runs of each system, taking turns (3)
  --warm-up N          messages for Sluice before them, which are not counted: Node compiles what runs often step by step (10000)
  --waiting N          sessions that wait for a milter that takes 10 s; 0: not measured (500)
  --json               one JSON object
`;

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: 'answers,silent' },
    milters: { type: 'string', default: '4' },
    sessions: { type: 'string', default: '20' },
    messages: { type: 'string', default: '1000' },
    size: { type: 'string', default: '4096' },
    repeats: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '10000' },
    waiting: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const sessions = Number(values.sessions);
const messages = Number(values.messages);
const slowMs = 10_000;
/** Sessions that are open already when the memory of the others is measured. */
const first = 50;
/** Sessions up to DATA before anything is measured. */
const warmUp = 1_000;

interface Rate {
  readonly perSecond: number;
  /** CPU of all processes of the server, in ms a message; without that of the milters. */
  readonly cpuMs: number;
}

/** @param reused - all messages of a client over one connection */
async function run(
  ground: Ground,
  { port, pid }: MilteredSystem,
  reused: boolean,
  messages: number,
): Promise<Rate> {
  const args = ['-s', values.sessions, '-m', String(messages), '-l', values.size, ...(reused ? ['-d'] : [])];
  const [begin, before] = [performance.now(), cpuMs(pid)];
  await ground.run('smtp-source', [...args, '-f', 'a@client.test', '-t', 'b@far.test', `127.0.0.1:${port}`]);
  return {
    perSecond: (1000 * messages) / (performance.now() - begin),
    cpuMs: (cpuMs(pid) - before) / messages,
  };
}

function medians(rates: readonly Rate[]): Rate {
  return {
    perSecond: Math.round(median(rates.map(({ perSecond }) => perSecond))),
    cpuMs: Math.round(100 * median(rates.map((each) => each.cpuMs))) / 100,
  };
}

interface Row {
  readonly kind: MilterKind;
  readonly connections: 'one for each message' | 'reused';
  readonly postfix: Rate;
  readonly sluice: Rate;
}

async function compare(ground: Ground, kind: MilterKind): Promise<Row[]> {
  const sockets = await startMilters(ground, kind, Number(values.milters));
  const postfix = await filteringPostfix(ground, `postfix-${kind}`, sockets, sessions);
  const sluice = await filteringSluice(ground, `sluice-${kind}`, sockets, true);
  const rows: Row[] = [];
  for (const reused of [false, true]) {
    const rates = { postfix: [] as Rate[], sluice: [] as Rate[] };
    // Postfix needs its processes started; what Node runs often is compiled meanwhile.
    await run(ground, postfix, reused, messages);
    await run(ground, sluice, reused, Number(values['warm-up']));
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      rates.postfix.push(await run(ground, postfix, reused, messages));
      rates.sluice.push(await run(ground, sluice, reused, messages));
    }
    rows.push({
      kind,
      connections: reused ? 'reused' : 'one for each message',
      postfix: medians(rates.postfix),
      sluice: medians(rates.sluice),
    });
  }
  await postfix.stop();
  await sluice.stop();
  return rows;
}

interface Waiting {
  readonly sessions: number;
  readonly kibEach: number;
  /** Median ms of a message of a client that is not asked about, without and with those that wait. */
  readonly alone: number;
  readonly beside: number;
}

async function begin(port: number): Promise<Session> {
  const session = await Session.open('127.0.0.1', port);
  for (const line of ['MAIL FROM:<a@client.test>', 'RCPT TO:<b@far.test>', 'DATA']) {
    session.write(`${line}\r\n`);
    await session.reply();
  }
  return session;
}

async function wait(ground: Ground): Promise<Waiting> {
  const count = Number(values.waiting) + first;
  const [socket = ''] = await startMilters(ground, 'answers', 1, slowMs);
  const slow = await filteringSluice(ground, 'slow', [socket], false);
  const content = `Subject: x\r\n\r\n${'Hello\r\n'.repeat(100)}.\r\n`;
  const talk = async (): Promise<number> => {
    const at = performance.now();
    const session = await begin(slow.port);
    session.destroy();
    return performance.now() - at;
  };
  const sample = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 10; i++) times.push(await talk());
    return median(times);
  };
  // Compilers take 15 MiB once, while code becomes hot.
  for (let i = 0; i < warmUp; i += 20) await Promise.all(Array.from({ length: 20 }, talk));
  const alone = await sample();
  const open: Session[] = [];
  const openMore = async (upTo: number): Promise<void> => {
    while (open.length < upTo) {
      const more = Array.from({ length: Math.min(50, upTo - open.length) }, () => begin(slow.port));
      open.push(...(await Promise.all(more)));
    }
  };
  // The first ones start code and buffers that any number of sessions needs.
  await openMore(first);
  for (const session of open) session.write(content);
  await Promise.all(open.map((session) => session.reply()));
  const before = anonymousBytes(slow.pid);
  await openMore(count);
  const waiting = open.slice(first);
  for (const session of waiting) session.write(content);
  await sleep(5_000);
  const bytes = anonymousBytes(slow.pid) - before;
  const beside = await sample();
  const replies = await Promise.all(waiting.map((session) => session.reply()));
  if (!replies.every((reply) => reply.startsWith('250')))
    throw new Error(`not all were accepted: ${replies.find((reply) => !reply.startsWith('250'))}`);
  for (const session of open) session.destroy();
  await slow.stop();
  return {
    sessions: count - first,
    kibEach: Math.round((bytes / 1024 / (count - first)) * 10) / 10,
    alone: Math.round(alone * 10) / 10,
    beside: Math.round(beside * 10) / 10,
  };
}

async function bench(ground: Ground): Promise<void> {
  const rows: Row[] = [];
  for (const kind of values.kinds.split(',').filter((each) => each !== ''))
    rows.push(...(await compare(ground, kind as MilterKind)));
  const waiting = Number(values.waiting) > 0 ? await wait(ground) : undefined;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ rows, waiting })}\n`);
    return;
  }
  for (const { kind, connections, postfix, sluice } of rows) {
    const faster = (sluice.perSecond / postfix.perSecond).toFixed(1);
    const cheaper = (postfix.cpuMs / sluice.cpuMs).toFixed(1);
    process.stdout.write(
      `${kind.padEnd(8)} ${connections.padEnd(21)} Postfix ${postfix.perSecond}/s, ${postfix.cpuMs} ms CPU  Sluice ${sluice.perSecond}/s, ${sluice.cpuMs} ms CPU  ${faster} times as fast, 1/${cheaper} of the CPU\n`,
    );
  }
  if (waiting === undefined) return;
  const { kibEach, alone, beside } = waiting;
  process.stdout.write(
    `${waiting.sessions} sessions wait for a milter that takes ${slowMs / 1000} s: ${kibEach} KiB each; another session up to DATA: ${alone} ms alone, ${beside} ms beside them\n`,
  );
}

if (values.help) process.stdout.write(help);
else {
  const missing = withoutPostfix();
  if (missing !== false) throw new Error(missing);
  const ground = new Ground('sluice-milters-');
  try {
    await bench(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
