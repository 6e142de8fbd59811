// `npm run bench:programs`: what a plugin of qmail-spp costs at each RCPT, beyond the program itself. Three things take turns: RCPT commands
// without a plugin, as many with one, and the program as often from a loop of the shell, which starts it bare. Figures are
// CPU time by /proc, of the receiver and its programs, and of the shell and its.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { startSluice } from '../sim/neighbours/sluice.ts';
import { median } from './median.ts';

const help = `npm run bench:programs -- [options]
  --program PATH   what is run (/bin/true)
  --runs N         RCPT commands of a round, and runs of the program (1000)
  --sessions N     clients at the same time (1)
  --rounds N       rounds (5)
  --json           one JSON object
`;

const { values } = parseArgs({
  options: {
    program: { type: 'string', default: '/bin/true' },
    runs: { type: 'string', default: '1000' },
    sessions: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const budgetMs = 0.3;
const runs = Number(values.runs);
const sessions = Number(values.sessions);
/** Of a transaction; far below max_recipients. */
const recipients = 100;

/** Milliseconds of CPU, each for one RCPT or one run. */
interface Round {
  readonly without: number;
  readonly with: number;
  readonly bare: number;
}

/** Gives this many RCPT commands in one session, each after the reply to the one before. */
async function session(port: number, count: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' }).setNoDelay().setEncoding('latin1');
  await reply(socket);
  await say(socket, 'EHLO bench.test');
  for (let left = count; left > 0; left -= recipients) {
    await say(socket, 'MAIL FROM:<sender@bench.test>');
    for (let index = 0; index < Math.min(left, recipients); index++)
      await say(socket, `RCPT TO:<user${index}@bench.test>`);
    await say(socket, 'RSET');
  }
  socket.end('QUIT\r\n');
  await once(socket, 'close');
}

async function say(socket: Socket, line: string): Promise<void> {
  socket.write(`${line}\r\n`);
  const answer = await reply(socket);
  if (!answer.startsWith('2')) throw new Error(`${line}: ${answer}`);
}

async function reply(socket: Socket): Promise<string> {
  let heard = '';
  while (!/^\d{3} .*\r\n/m.test(heard)) heard += String((await once(socket, 'data'))[0]);
  return heard;
}

/** CPU of so many RCPT commands, on the given number of sessions. */
async function commands(port: number, receiver: number): Promise<number> {
  const before = cpuMs(receiver);
  await Promise.all(Array.from({ length: sessions }, () => session(port, runs / sessions)));
  return (cpuMs(receiver) - before) / runs;
}

/** The shell starts a program with little more than vfork and execve. It says when it is through, and ends when its input does. */
const loop = 'i=0; while [ $i -lt "$1" ]; do "$2" > /dev/null; i=$((i+1)); done; echo; read -r line';

/** CPU of the program, started by a small process. */
async function bare(): Promise<number> {
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  const shell = spawn('/bin/sh', ['-c', loop, 'sh', String(runs), values.program], { stdio: [...stdio] });
  await once(shell.stdout!, 'data');
  const ms = cpuMs(shell.pid!);
  shell.stdin!.end();
  await once(shell, 'close');
  return ms / runs;
}

async function bench(ground: Ground): Promise<void> {
  const plugins = join(ground.folder('qmail'), 'smtpplugins');
  writeFileSync(plugins, '');
  const sluice = await startSluice(ground, {
    config: {
      log: { level: 'warn' },
      receive: { max_connections_per_client: sessions + 10, max_recipients: recipients },
      stage: [{ name: 'plugins', kind: 'qmail-spp', plugins, client_names: false, programs: sessions }],
    },
  });
  const receiver = sluice.pidOf('receiver');
  const round = async (): Promise<Round> => {
    const through = async (control: string): Promise<number> => {
      writeFileSync(plugins, control);
      // The stage looks at the file once a second.
      await sleep(1_500);
      return commands(sluice.port, receiver);
    };
    const without = await through('');
    return { without, with: await through(`[rcpt]\n${values.program}\n`), bare: await bare() };
  };
  // A first round, which is not counted, compiles hot code.
  await round();
  const rounds: Round[] = [];
  for (let index = 0; index < Number(values.rounds); index++) rounds.push(await round());
  await sluice.program.stop('SIGTERM');
  const of = (pick: (each: Round) => number): number => Number(median(rounds.map(pick)).toFixed(3));
  const result = {
    without: of((each) => each.without),
    with: of((each) => each.with),
    bare: of((each) => each.bare),
    beyond: of((each) => each.with - each.without - each.bare),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else
    process.stdout.write(
      `RCPT without a plugin  ${result.without} ms\nRCPT with one          ${result.with} ms\nthe program, bare      ${result.bare} ms\n` +
        `beyond both            ${result.beyond} ms; budget: less than ${budgetMs} ms, ${result.beyond < budgetMs ? 'met' : 'not met'}\n`,
    );
}

if (values.help) process.stdout.write(help);
else {
  const ground = new Ground('sluice-programs-');
  try {
    await bench(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
