// `npm run bench:logins`: what log-ins cost, beside the hashes: the CPU time of one by SCRAM, and what a flood of wrong passwords does to the
// mail of others.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { Session } from '../sim/mx/submitter.ts';
import { startSluice, type Sluice } from '../sim/neighbours/sluice.ts';
import { localChannel } from '../src/channel/channel.ts';
import type { Asked, Response } from '../src/channel/messages.ts';
import { OperationAnswerer } from '../src/channel/operation-answerer.ts';
import { parseConfig } from '../src/config/config.ts';
import { controlResult } from '../src/control/control-client.ts';
import { directoryOperations, directoryService } from '../src/control/operations/directory.ts';
import type { Directory } from '../src/directory/types.ts';
import { GuardedDirectory } from '../src/directory/guarded-directory.ts';
import { Users } from '../src/directory/users.ts';
import { HashPool } from '../src/password/hash-pool.ts';
import { newPassword } from '../src/password/new-password.ts';
import { DirectoryLink } from '../src/process/roles/directory-link.ts';
import { directorySettings, guardSettings } from '../src/settings/directory.ts';
import { Troubles } from '../src/stats/troubles.ts';

const { values } = parseArgs({
  options: {
    scram: { type: 'string', default: '20000' },
    flood: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
  },
});

/** CPU of one log-in by SCRAM. */
const budgets = { scramMs: 1 };
const users = 10_000;
const stored = newPassword('right');
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const verdict = (met: boolean): string => (met ? 'met' : 'NOT met');

function writeUsers(path: string): void {
  const record = (number: number): string => JSON.stringify({ user: `user${number}@here.test`, ...stored });
  writeFileSync(path, `${Array.from({ length: users }, (_, number) => record(number)).join('\n')}\n`);
}

/** Both ends of the link, in this process. */
async function directory(
  folder: string,
): Promise<{ readonly asked: Directory; readonly stop: () => Promise<void> }> {
  const path = join(folder, 'users');
  writeUsers(path);
  const text = `spool = "${folder}/spool"\n[[directory]]\nname = "users"\nkind = "users"\npath = "${path}"\n[login]\nremember = "0s"\n`;
  const config = parseConfig(text, join(folder, 'sluice.toml'));
  const log = { info: () => undefined, warn: () => undefined, error: print };
  const parts = {
    log,
    troubles: new Troubles(),
    pool: new HashPool({ threads: 1 }),
    secret: Buffer.alloc(32),
  };
  const known = new Users(directorySettings(config), parts);
  // All log-ins come from one client: nobody is banned, and nobody waits for an answer longer than it takes.
  const settings = { ...guardSettings(config), banMs: 0, failureDelayMs: 0 };
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const guarded = new GuardedDirectory(known, settings, { log, now: () => performance.now(), wait });
  const [asker, keysEnd] = localChannel<Asked, Response>();
  const answerer = new OperationAnswerer(
    {
      set: directoryOperations,
      service: directoryService(guarded),
      party: 'The keys process',
      before: () => undefined,
      failed: print,
    },
    (response) => keysEnd.post(response),
  );
  keysEnd.receive((batch) => {
    for (const message of batch) answerer.take(message);
  });
  const link = new DirectoryLink((ends) => {
    asker.receive((batch) => ends.take(batch));
    return Object.assign(asker, { open: () => Promise.resolve() });
  });
  link.configure(config);
  while ((await link.find('user1@here.test')).kind !== 'user') await new Promise(setImmediate);
  return {
    asked: link,
    stop: async () => {
      link.close();
      await known.close();
    },
  };
}

async function measureScram(asked: Directory): Promise<void> {
  const count = Number(values.scram);
  const authMessage = `n=user,r=${'a'.repeat(24)},r=${'a'.repeat(48)},s=${'a'.repeat(24)},i=16384,c=biws,r=${'a'.repeat(48)}`;
  const start = await asked.startScram('user1@here.test', '192.0.2.1');
  if (start.kind !== 'salt') throw new Error(`SCRAM began with ${start.kind}`);
  const salted = pbkdf2Sync('right', Buffer.from(start.salt, 'base64'), start.iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const signature = createHmac('sha256', createHash('sha256').update(clientKey).digest())
    .update(authMessage)
    .digest();
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const login = `user${next++ % users}@here.test`;
      await asked.startScram(login, '192.0.2.1');
      const { kind } = await asked.finishScram({ login, authMessage, proof }, '192.0.2.1');
      if (kind !== 'right') throw new Error(`a log-in by SCRAM was ${kind}`);
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: 50 }, lane));
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000 / count;
  print(
    `SCRAM         ${ms.toFixed(3)} ms of CPU for a log-in, both ends of the link (budget ${budgets.scramMs}: ${verdict(ms <= budgets.scramMs)})`,
  );
}

/** @returns the time from the end of the content to the reply, in ms: the commit */
async function handIn(port: number): Promise<number> {
  const session = await Session.open('127.0.0.1', port);
  let commitMs = 0;
  for (const text of ['MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA', 'Subject: x\r\n\r\nx\r\n.']) {
    const beforeMs = performance.now();
    session.write(`${text}\r\n`);
    const reply = await session.reply();
    if (!/^[23]/u.test(reply)) throw new Error(`${text}: ${reply}`);
    commitMs = performance.now() - beforeMs;
  }
  await session.quit();
  return commitMs;
}

interface Relayed {
  readonly perSecond: number;
  /** The median, and the time that one of a hundred exceeds. */
  readonly commitMs: number;
  readonly slowCommitMs: number;
}

/** Messages that four clients hand in, one after the other, each with a commit of its own. */
async function relay(sluice: Sluice, seconds: number): Promise<Relayed> {
  const endMs = performance.now() + seconds * 1000;
  const commits: number[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) commits.push(await handIn(sluice.port));
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  commits.sort((a, b) => a - b);
  return {
    perSecond: commits.length / seconds,
    commitMs: commits[Math.floor(commits.length / 2)] ?? 0,
    slowCommitMs: commits[Math.floor(commits.length * 0.99)] ?? 0,
  };
}

/** So many wrong passwords at once, each tried again as soon as it is answered. */
function beginFlood(sluice: Sluice): { readonly counts: ReadonlyMap<string, number>; end(): Promise<void> } {
  const counts = new Map<string, number>();
  let isOver = false;
  const attempt = async (number: number): Promise<void> => {
    while (!isOver) {
      const { kind } = await controlResult(join(sluice.directory, 'control.sock'), {
        operation: 'user.check',
        login: `user${number}@here.test`,
        password: 'wrong',
        client: `192.0.2.${number % 250}`,
        isEncrypted: true,
      });
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  };
  const all = Array.from({ length: Number(values.flood) }, (_, number) => attempt(number));
  return {
    counts,
    end: async () => {
      isOver = true;
      await Promise.all(all);
    },
  };
}

async function measureFlood(ground: Ground): Promise<void> {
  const path = join(ground.directory, 'users');
  writeUsers(path);
  const sluice = await startSluice(ground, {
    config: {
      directory: [{ name: 'users', kind: 'users', path }],
      // Whoever is banned costs no hash: here nobody is, so that the flood goes on.
      login: { ban: '0s' },
      route: [{ discard: true }],
      receive: { max_connections_per_client: 1000, connection_rate_per_client: '1000000/min' },
    },
  });
  const seconds = Number(values.seconds);
  await relay(sluice, 2);
  const before = await relay(sluice, seconds);
  const keys = sluice.pidOf('keys');
  const usedMs = cpuMs(keys);
  const flood = beginFlood(sluice);
  const during = await relay(sluice, seconds);
  const cores = (cpuMs(keys) - usedMs) / 1000 / seconds;
  await flood.end();
  const after = await relay(sluice, seconds);
  const quiet = (before.perSecond + after.perSecond) / 2;
  const lost = 1 - during.perSecond / quiet;
  const share = cores / availableParallelism();
  const commits = ({ commitMs, slowCommitMs }: Relayed): string =>
    `${commitMs.toFixed(1)} and ${slowCommitMs.toFixed(1)} ms`;
  print(
    `flood         ${quiet.toFixed(0)} messages a second, ${during.perSecond.toFixed(0)} beside ${values.flood} wrong passwords at once: ${(lost * 100).toFixed(0)} % less, while hashes took ${cores.toFixed(2)} of ${availableParallelism()} cores (budget ${(share * 100).toFixed(0)} %: ${verdict(lost <= share)})`,
  );
  print(
    `commits       median and 99th percentile: ${commits(before)} before, ${commits(during)} during, ${commits(after)} after; log-ins: ${[...flood.counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-logins-'));
const { asked, stop } = await directory(folder);
await measureScram(asked);
await stop();
rmSync(folder, { recursive: true });
const ground = new Ground();
try {
  await measureFlood(ground);
} finally {
  await ground.end();
}
