// `npm run bench:mailboxes`: mail that is delivered into many Maildirs, durably: by Sluice, by Postfix's virtual(8), and by Dovecot's LMTP to which Sluice
// hands it, in turns. Time is from the first message that is handed in until all are in their mailboxes.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { submit } from '../sim/mx/submitter.ts';
import { withoutDovecot } from '../sim/neighbours/dovecot.ts';
import { Ground } from '../sim/neighbours/ground.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { median } from './median.ts';
import {
  domain,
  dovecotBehindSluice,
  type MailboxSystem,
  postfixVirtual,
  sluiceMailboxes,
} from './mailboxes/systems.ts';

const help = `npm run bench:mailboxes -- [options]
  --mailboxes N       (1000)
  --messages N        of each run; they go to the mailboxes in turns (10000)
  --size BYTES        of each (4096)
  --sessions N        of the client that hands them in (20)
  --at-once N         deliveries of Postfix and of Dovecot at the same time (32)
  --repeats N         runs of each system, taking turns (3)
  --directory DIR     folder for queues and mailboxes (that of the system for temporary files)
  --profiles FOLDER   CPU profiles of Sluice's processes
  --json              one JSON object
`;

const { values } = parseArgs({
  options: {
    mailboxes: { type: 'string', default: '1000' },
    messages: { type: 'string', default: '10000' },
    size: { type: 'string', default: '4096' },
    sessions: { type: 'string', default: '20' },
    'at-once': { type: 'string', default: '32' },
    repeats: { type: 'string', default: '3' },
    directory: { type: 'string', default: '' },
    profiles: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Ratios asked for, of Sluice's rate to those of the others. */
const budgets: Readonly<Record<string, number>> = { Postfix: 2, 'Dovecot by LMTP': 1 };
const users = Array.from({ length: Number(values.mailboxes) }, (_, index) => `user${index}`);

interface Rate {
  readonly perSecond: number;
  /** CPU of all processes of the system for one message. */
  readonly cpuMs: number;
}

function messagesIn({ folderOf }: MailboxSystem): number {
  let count = 0;
  for (const user of users) {
    try {
      count += readdirSync(join(folderOf(user), 'new')).length;
    } catch {
      // Nothing was delivered to this one yet.
    }
  }
  return count;
}

function cpuOf({ pids }: MailboxSystem): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

/** Without any delivery for so long, none will come. */
const stuckMs = 60_000;

let runs = 0;

async function run(system: MailboxSystem, messages: number): Promise<Rate> {
  const wanted = messagesIn(system) + messages;
  const id = ++runs;
  const [before, begin] = [cpuOf(system), performance.now()];
  const { refused, unknown } = await submit(
    Array.from({ length: messages }, (_, index) => ({
      id: `${id}.${index}@client.test`,
      from: 'sender@client.test',
      to: [`${users[index % users.length]}@${domain}`],
      sizeBytes: Number(values.size),
    })),
    { address: '127.0.0.1', port: system.port, connections: Number(values.sessions) },
  );
  if (refused.size + unknown.size > 0)
    throw new Error(
      `${system.name} did not take all: ${[...refused.values()][0] ?? 'a connection was lost'}`,
    );
  // To count costs some milliseconds: not while many are missing.
  let [missing, movedAt] = [messages, performance.now()];
  while (missing > 0) {
    await sleep(Math.min(200, Math.max(5, missing / 50)));
    const left = wanted - messagesIn(system);
    if (left < missing) movedAt = performance.now();
    else if (performance.now() - movedAt > stuckMs)
      throw new Error(`${system.name} delivers nothing more, and ${left} are missing`);
    missing = left;
  }
  const tookMs = performance.now() - begin;
  return { perSecond: (1000 * messages) / tookMs, cpuMs: (cpuOf(system) - before) / messages };
}

async function bench(ground: Ground): Promise<void> {
  const options = { users, atOnce: Number(values['at-once']), profiles: values.profiles };
  const systems = [
    await sluiceMailboxes(ground, options),
    await postfixVirtual(ground, options),
    await dovecotBehindSluice(ground, options),
  ];
  const rates = systems.map((): Rate[] => []);
  // Each mailbox is made by its first message, processes start, and what Node runs often is compiled.
  for (const system of systems) await run(system, Math.max(users.length, Number(values.messages) / 5));
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    for (const [index, system] of systems.entries())
      rates[index]?.push(await run(system, Number(values.messages)));
  for (const system of systems) await system.stop();
  const results = systems.map(({ name }, index) => ({
    name,
    perSecond: Math.round(median((rates[index] ?? []).map(({ perSecond }) => perSecond))),
    cpuMs: Math.round(1000 * median((rates[index] ?? []).map((each) => each.cpuMs))) / 1000,
  }));
  if (values.json) {
    process.stdout.write(`${JSON.stringify(results)}\n`);
    return;
  }
  const [ours] = results;
  for (const { name, perSecond, cpuMs: cpu } of results) {
    const ratio = (ours?.perSecond ?? 0) / perSecond;
    const least = budgets[name];
    const verdict =
      least === undefined
        ? ''
        : `  Sluice is ${ratio.toFixed(2)} times as fast (asked ${least}: ${ratio >= least ? 'met' : 'NOT met'})`;
    process.stdout.write(`${name.padEnd(16)} ${perSecond}/s, ${cpu} ms CPU a message${verdict}\n`);
  }
}

if (values.help) process.stdout.write(help);
else {
  const missing = withoutPostfix() || withoutDovecot();
  if (missing !== false) throw new Error(missing);
  const ground = new Ground(
    values.directory === '' ? 'sluice-mailboxes-' : `${values.directory}/sluice-mailboxes-`,
  );
  try {
    await bench(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
