// `npm run bench:tls-in`: what TLS with clients costs besides throughput: the memory of idle sessions, what handshakes that stop in the
// middle leave behind, and how much longer sessions in clear take beside handshakes.

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { Ground, until } from '../sim/neighbours/ground.ts';
import { cpuMs, pssBytes } from '../sim/neighbours/process-tree.ts';
import { startSluice, type Sluice } from '../sim/neighbours/sluice.ts';
import { BenchClient } from './tls/client.ts';

const help = `npm run bench:tls-in -- [options]
  --idle N       idle sessions under TLS (10000)
  --stopped N    handshakes that stop in the middle (10000)
  --rate N       whole handshakes per second beside sessions in clear (500)
  --seconds N    for which those sessions are measured, without and with handshakes (10)
`;

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '10000' },
    stopped: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});

/** Budgets: memory of an idle session; time that handshakes may add to the 99th percentile of sessions in clear. */
const budgets = { idleBytes: 100 * 1024, addedMs: 50 };
const handshakeTimeoutMs = 10_000;

const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const verdict = (met: boolean): string => (met ? 'met' : 'NOT met');

async function start(ground: Ground): Promise<{ sluice: Sluice; receiver: number }> {
  const sluice = await startSluice(ground, {
    config: {
      receive: {
        max_connections: 50_000,
        max_tls_handshakes: 50_000,
        tls_handshake_timeout: `${handshakeTimeoutMs / 1000}s`,
      },
      log: { level: 'warn' },
      route: [{ discard: true }],
    },
  });
  return { sluice, receiver: sluice.pidOf('receiver') };
}

/** Calls so many times, some at once. */
async function times(count: number, atOnce: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function idleSessions(ground: Ground, count: number): Promise<void> {
  const { sluice, receiver } = await start(ground);
  const clients: BenchClient[] = [];
  const open = async (): Promise<void> => {
    const client = await BenchClient.open(sluice.port);
    await client.secure();
    clients.push(client);
  };
  // The first sessions compile code and fill buffers that any number of sessions needs.
  const first = Math.ceil(count / 20);
  await times(first, 50, open);
  await sleep(3_000);
  const before = pssBytes(receiver);
  await times(count - first, 50, open);
  await sleep(3_000);
  const each = (pssBytes(receiver) - before) / (count - first);
  print(`idle: ${count} sessions under TLS take ${kib(each)} KiB each in the receiver`);
  print(`  budget: at most ${kib(budgets.idleBytes)} KiB; ${verdict(each <= budgets.idleBytes)}`);
  for (const client of clients) client.destroy();
  await sluice.program.stop('SIGTERM');
}

/** The first bytes that a TLS client sends. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const [socket] = await accepted;
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

async function stoppedHandshakes(ground: Ground, count: number): Promise<void> {
  const { sluice, receiver } = await start(ground);
  const hello = await clientHello();
  const files = (): number => readdirSync(`/proc/${receiver}/fd`).length;
  const round = async (): Promise<void> => {
    let open = 0;
    let sent = 0;
    await times(count, 100, async () => {
      const socket = connect({ port: sluice.port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.on('close', () => open--);
      await once(socket, 'connect');
      open++;
      const said = async (text: string, reply: string): Promise<void> => {
        if (text !== '') socket.write(text);
        for (let heard = ''; !heard.includes(reply);) heard += String((await once(socket, 'data'))[0]);
      };
      await said('', '220 ');
      await said('EHLO bench.test\r\n', '250 ');
      await said('STARTTLS\r\n', '220 ');
      // One half stops within the first message, the other one when it is Sluice that has answered.
      socket.write(sent++ % 2 === 0 ? hello.subarray(0, 100) : hello);
      socket.resume();
    });
    await until('all of them are closed', () => open === 0, handshakeTimeoutMs * 6);
  };
  await round();
  await sleep(3_000);
  const before = { files: files(), bytes: pssBytes(receiver) };
  await round();
  await sleep(3_000);
  const after = { files: files(), bytes: pssBytes(receiver) };
  const grown = (after.bytes - before.bytes) / 1024 ** 2;
  print(`stopped: two rounds of ${count} handshakes that stop in the middle are closed in time`);
  print(
    `  open files ${before.files} after the first, ${after.files} after the second; memory ${(before.bytes / 1024 ** 2).toFixed(0)} MiB, then ${grown.toFixed(1)} MiB more`,
  );
  const client = await BenchClient.open(sluice.port);
  await client.secure();
  client.destroy();
  print('  a whole handshake afterwards: made');
  await sluice.program.stop('SIGTERM');
}

/** The times of sessions in clear, one after the other, in ms. */
async function clearSessions(port: number, seconds: number): Promise<number[]> {
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const begin = performance.now();
    const client = await BenchClient.open(port);
    for (const command of ['EHLO bench.test', 'MAIL FROM:<a@bench.test>', 'RCPT TO:<b@bench.test>', 'QUIT']) {
      await client.ask(command);
    }
    took.push(performance.now() - begin);
    client.destroy();
  }
  return took.toSorted((a, b) => a - b);
}

async function besideHandshakes(ground: Ground, rate: number, seconds: number): Promise<void> {
  const { sluice, receiver } = await start(ground);
  await clearSessions(sluice.port, 2);
  const quiet = await clearSessions(sluice.port, seconds);
  const script = new URL('./tls/handshakes-main.ts', import.meta.url).pathname;
  const generator = ground.start('handshakes', process.execPath, [script, String(sluice.port), String(rate)]);
  await generator.line(/made/u);
  const cpu = cpuMs(receiver);
  const loud = await clearSessions(sluice.port, seconds);
  const cpuPerSecond = (cpuMs(receiver) - cpu) / seconds;
  const counts = generator.output
    .split('\n')
    .flatMap((line) => /(\d+) made, (\d+) failed/u.exec(line)?.slice(1, 3).map(Number) ?? []);
  const per = counts.filter((_, index) => index % 2 === 0).slice(1);
  const median = per.toSorted((a, b) => a - b)[Math.floor(per.length / 2)] ?? 0;
  await generator.stop('SIGTERM');
  const at = (times: readonly number[], share: number): number =>
    times[Math.floor(times.length * share)] ?? 0;
  const added = at(loud, 0.99) - at(quiet, 0.99);
  print(`beside: sessions in clear, without and beside handshakes (asked for ${rate}/s, made ${median}/s)`);
  print(
    `  median ${at(quiet, 0.5).toFixed(1)} and ${at(loud, 0.5).toFixed(1)} ms, 99th percentile ${at(quiet, 0.99).toFixed(1)} and ${at(loud, 0.99).toFixed(1)} ms; receiver ${(cpuPerSecond / 10).toFixed(0)} % of a core`,
  );
  print(`  budget: at most ${budgets.addedMs} ms more; ${verdict(added <= budgets.addedMs)}`);
  await sluice.program.stop('SIGTERM');
}

async function inGround(work: (ground: Ground) => Promise<void>): Promise<void> {
  const ground = new Ground('sluice-tls-in-');
  try {
    await work(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

if (values.help) process.stdout.write(help);
else {
  const { idle, stopped, rate, seconds } = values;
  if (Number(idle) > 0) await inGround((ground) => idleSessions(ground, Number(idle)));
  if (Number(stopped) > 0) await inGround((ground) => stoppedHandshakes(ground, Number(stopped)));
  if (Number(rate) > 0) await inGround((ground) => besideHandshakes(ground, Number(rate), Number(seconds)));
}
