// `npm run bench:milters`: how many messages a second Postfix and Sluice take with the same milters, one process on several sockets, in the
// same run; and what a session takes that waits for a milter, while others go on.

import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from '../sim/mx/submitter.ts';
import { Ground } from '../sim/neighbours/ground.ts';
import { pssBytes } from '../sim/neighbours/process-tree.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { median } from './median.ts';
import { filteringPostfix, filteringSluice, type MilterKind, startMilters } from './milters/systems.ts';

const help = `npm run bench:milters -- [options]
  --kinds KIND[,KIND]  answers (milters that answer every event), silent (that answer only at the end, as rspamd), end (that
                       want nothing but the end) (answers,silent)
  --milters N          (4)
  --sessions N         clients at the same time (20)
  --messages N         of each run (1000)
  --size BYTES         of each message (4096)
  --repeats N          runs of each system, taking turns (3)
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
    waiting: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const sessions = Number(values.sessions);
const messages = Number(values.messages);
const slowMs = 10_000;

/** Messages a second. @param reused - all messages of a client over one connection */
async function run(ground: Ground, port: number, reused: boolean): Promise<number> {
  const args = ['-s', values.sessions, '-m', values.messages, '-l', values.size, ...(reused ? ['-d'] : [])];
  const begin = performance.now();
  await ground.run('smtp-source', [...args, '-f', 'a@client.test', '-t', 'b@far.test', `127.0.0.1:${port}`]);
  return (1000 * messages) / (performance.now() - begin);
}

interface Row {
  readonly kind: MilterKind;
  readonly connections: 'one for each message' | 'reused';
  readonly postfix: number;
  readonly sluice: number;
}

async function compare(ground: Ground, kind: MilterKind): Promise<Row[]> {
  const sockets = await startMilters(ground, kind, Number(values.milters));
  const postfix = await filteringPostfix(ground, `postfix-${kind}`, sockets, sessions);
  const sluice = await filteringSluice(ground, `sluice-${kind}`, sockets, true);
  const rows: Row[] = [];
  for (const reused of [false, true]) {
    const rates = { postfix: [] as number[], sluice: [] as number[] };
    // A first round, which is not counted, compiles hot code and starts processes.
    for (const { port } of [postfix, sluice]) await run(ground, port, reused);
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      rates.postfix.push(await run(ground, postfix.port, reused));
      rates.sluice.push(await run(ground, sluice.port, reused));
    }
    rows.push({
      kind,
      connections: reused ? 'reused' : 'one for each message',
      postfix: Math.round(median(rates.postfix)),
      sluice: Math.round(median(rates.sluice)),
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
  const count = Number(values.waiting);
  const [socket = ''] = await startMilters(ground, 'answers', 1, slowMs);
  const slow = await filteringSluice(ground, 'slow', [socket], false);
  const content = `Subject: x\r\n\r\n${'Hello\r\n'.repeat(100)}.\r\n`;
  const talk = async (): Promise<number> => {
    const at = performance.now();
    const session = await begin(slow.port);
    await session.quit();
    return performance.now() - at;
  };
  const sample = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 20; i++) times.push(await talk());
    return median(times);
  };
  await sample();
  const alone = await sample();
  const open: Session[] = [];
  const openMore = async (upTo: number): Promise<void> => {
    while (open.length < upTo) open.push(await begin(slow.port));
  };
  await openMore(20);
  const before = pssBytes(slow.pid);
  await openMore(count);
  for (const session of open) session.write(content);
  await sleep(2_000);
  const bytes = pssBytes(slow.pid) - before;
  const beside = await sample();
  const replies = await Promise.all(open.map((session) => session.reply()));
  if (!replies.every((reply) => reply.startsWith('250')))
    throw new Error(`not all were accepted: ${replies.find((reply) => !reply.startsWith('250'))}`);
  for (const session of open) session.destroy();
  await slow.stop();
  return {
    sessions: count,
    kibEach: Math.round((bytes / 1024 / (count - 20)) * 10) / 10,
    alone: Math.round(alone * 10) / 10,
    beside: Math.round(beside * 10) / 10,
  };
}

async function bench(ground: Ground): Promise<void> {
  const rows: Row[] = [];
  for (const kind of values.kinds.split(',')) rows.push(...(await compare(ground, kind as MilterKind)));
  const waiting = Number(values.waiting) > 0 ? await wait(ground) : undefined;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ rows, waiting })}\n`);
    return;
  }
  for (const { kind, connections, postfix, sluice } of rows) {
    const times = (sluice / postfix).toFixed(1);
    process.stdout.write(
      `${kind.padEnd(8)} ${connections.padEnd(21)} Postfix ${postfix}/s  Sluice ${sluice}/s  ${times} times\n`,
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
