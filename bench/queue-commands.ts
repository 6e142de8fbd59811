// `npm run bench:queue-commands`: commands about a queue of a million messages, as programs: how long each takes, and how much memory it
// takes itself, and of the two processes that answer it. The queue is made once; nothing of it is due.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { sluiceBin } from '../sim/neighbours/program-file.ts';
import { startSluice, type Sluice } from '../sim/neighbours/sluice.ts';
import { remoteRefusal } from '../src/message/refusal.ts';
import { encodeRefusal } from '../src/message/refusal-form.ts';
import { managerSlots, receiverSlot } from '../src/process/roles/slots.ts';
import { openSpoolStore, openSpoolWriter } from '../src/spool/open.ts';
import type { Outcome } from '../src/spool/types.ts';

const help = `npm run bench:queue-commands -- [options]
  --messages N     in the queue (1000000)
  --json           one JSON object
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);

/** What a command may take itself, and what a process that answers may take more than before it was asked. */
const budgets = { commandMib: 300, answeringMib: 250 };

const dayMs = 86_400_000;
const mib = 1_048_576;
const pollMs = 20;

interface Row {
  readonly command: string;
  readonly seconds: number;
  /** Highest memory of the command. */
  readonly ownMib: number;
  /** By how much the highest memory of a process was above that before. */
  readonly managerMib: number;
  readonly controlMib: number;
  readonly lines: number;
}

/** Every message has had an attempt, and its next one is in a day. */
async function fill(directory: string): Promise<string> {
  const segmentBytes = 64 * mib;
  const writer = await openSpoolWriter({
    directory,
    slot: receiverSlot(0),
    segmentBytes,
    reserveBytes: 0,
    sync: 'none',
  });
  const kept = { journalSyncMs: 1_000, relocateAfterMs: 600_000 };
  const store = await openSpoolStore({ directory, slot: managerSlots.longLived, segmentBytes, ...kept });
  for await (const message of store.recover()) throw new Error(`${message.queueId} in an empty spool`);
  const content = [Buffer.alloc(300, 'x')];
  const host = { host: 'mx.example', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } } as const;
  const reply = { code: 451, enhanced: '4.7.1', lines: ['try again later'], command: 'RCPT' } as const;
  const refusal = encodeRefusal(remoteRefusal(host, reply, false));
  const nextAttemptAtMs = Date.now() + dayMs;
  const portion = 5_000;
  let middle = '';
  for (let done = 0; done < messages; done += portion) {
    const outcomes: Outcome[] = [];
    const storeOne = async (number: number): Promise<void> => {
      const queueId = writer.newQueueId();
      const address = `user${number}@domain${number % 1_000}.example`;
      const { ref } = await writer.append({
        envelope: {
          queueId,
          receivedAtMs: Date.now(),
          reversePath: `news-${number % 100}@sender.example`,
          recipients: [{ address }],
          body: '7BIT',
          smtpUtf8: false,
          origin: { via: 'smtp', clientAddress: '192.0.2.25', helo: 'client.example' },
        },
        content,
      });
      store.submitted(queueId, ref, 1);
      outcomes.push({ kind: 'deferred', queueId, recipient: 0, attempts: 1, nextAttemptAtMs, refusal });
      if (number === messages >> 1) middle = queueId;
    };
    const numbers = Array.from({ length: Math.min(portion, messages - done) }, (_, at) => done + at);
    await Promise.all(numbers.map(storeOne));
    store.settle(outcomes);
  }
  await writer.close();
  await store.close();
  return middle;
}

function highestBytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0; // it has ended
  }
}

/** The highest memory counts anew from now on (proc(5)); returns what it is now. */
function forgetHighest(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return highestBytes(pid);
}

async function measure(sluice: Sluice, args: readonly string[]): Promise<Row> {
  const pids = [sluice.pidOf('manager'), sluice.pidOf('control')] as const;
  const before = pids.map(forgetHighest);
  const begun = performance.now();
  const child = spawn(process.execPath, [sluiceBin, ...args, '--config', sluice.configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines = 0;
  child.stdout.on('data', (piece: Buffer) => {
    for (const byte of piece) if (byte === 0x0a) lines++;
  });
  let own = 0;
  const watch = setInterval(() => {
    own = Math.max(own, highestBytes(child.pid ?? 0));
  }, pollMs);
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  clearInterval(watch);
  if (code !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${code}`);
  const [manager = 0, control = 0] = pids.map((pid, at) => (highestBytes(pid) - (before[at] ?? 0)) / mib);
  const seconds = (performance.now() - begun) / 1_000;
  return {
    command: args.join(' '),
    seconds,
    ownMib: own / mib,
    managerMib: manager,
    controlMib: control,
    lines,
  };
}

async function run(): Promise<readonly Row[]> {
  const ground = new Ground('sluice-queue-commands-');
  try {
    const directory = ground.folder('sluice');
    const id = await fill(join(directory, 'spool'));
    const route = { name: 'new', domain: ['domain7.example'], relay: ['192.0.2.9'] };
    const config = { queue: { lifetime: '30d' }, bounce: { warn_after: [] }, route: [route] };
    const sluice = await startSluice(ground, { directory, config, startMs: 600_000 });
    const rows: Row[] = [];
    for (const command of [
      ['queue', 'list', '--limit', '0'],
      ['queue', 'list', '--limit', '0', '--json'],
      ['queue', 'list', '--recipient', 'user77@domain77.example'],
      ['queue', 'show', id],
      ['queue', 'reroute', '--all', '--dry-run'],
      ['queue', 'hold', '--domain', 'domain3.example'],
      ['queue', 'hold', '--all'],
      ['queue', 'release', '--all'],
      ['queue', 'remove', '--sender', 'news-5@sender.example'],
      ['queue', 'remove', '--all'],
    ]) {
      rows.push(await measure(sluice, command));
    }
    return rows;
  } finally {
    await ground.end();
  }
}

function print(rows: readonly Row[]): void {
  console.log(`${messages} messages; a command may take ${budgets.commandMib} MiB, and a process that`);
  console.log(`answers it ${budgets.answeringMib} MiB more than before\n`);
  console.log(`${'command'.padEnd(52)} seconds  own MiB  manager +MiB  control +MiB     lines`);
  for (const { command, seconds, ownMib, managerMib, controlMib, lines } of rows) {
    const figures = [seconds.toFixed(1).padStart(7), ownMib.toFixed(0).padStart(8)];
    const others = [managerMib.toFixed(0).padStart(13), controlMib.toFixed(0).padStart(13)];
    console.log([command.padEnd(52), ...figures, ...others, String(lines).padStart(9)].join(' '));
  }
}

if (values.help) console.log(help);
else {
  const rows = await run();
  if (values.json) console.log(JSON.stringify(rows));
  else print(rows);
}
