// Ground to stand on: a private directory and every program started in it. Whatever the end of the test or the run,
// each program is stopped and the directory is gone; after a failure the programs' last words are printed.

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { TestContext } from 'node:test';
import { livingInGroup } from './process-tree.ts';

const patienceMs = 30_000;
const running = new Set<Program>();
const directories = new Set<string>();
process.on('exit', () => {
  for (const program of running) program.kill('SIGKILL');
  // Nobody can wait for the end of the programs here: what they still write in their last moment is removed in another try.
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export class Ground {
  readonly directory: string;
  readonly #programs: Program[] = [];
  readonly #memoryFolders: string[] = [];
  readonly #endings: (() => Promise<void> | void)[] = [];

  /** @param prefix Of the directory's name; below the system's temporary directory unless it is absolute. */
  constructor(prefix = 'sluice-interop-') {
    this.directory = mkdtempSync(isAbsolute(prefix) ? prefix : join(tmpdir(), prefix));
    directories.add(this.directory);
    chmodSync(this.directory, 0o755); // programs that drop root must pass through
  }

  /** A ground that ends with the test. */
  static of(t: TestContext): Ground {
    const ground = new Ground();
    t.after(async () => {
      if (!t.passed) ground.lastWords((line) => t.diagnostic(line));
      await ground.end();
    });
    return ground;
  }

  /** A directory of its own below the ground's. */
  folder(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A directory in memory, for what must cost no disk. */
  memoryFolder(name: string): string {
    if (!existsSync('/dev/shm')) return this.folder(name);
    const path = mkdtempSync(`/dev/shm/${name}-`);
    directories.add(path);
    this.#memoryFolders.push(path);
    return path;
  }

  /** Starts a program in a process group of its own. */
  start(name: string, command: string, args: readonly string[], options: SpawnOptions = {}): Program {
    const child = spawn(command, args, {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      detached: true,
    });
    const program = new Program(name, child);
    this.#programs.push(program);
    return program;
  }

  /** Runs a program to its end and gives what it said; fails when its exit code is not among `codes`. */
  async run(
    command: string,
    args: readonly string[],
    options: SpawnOptions & { readonly input?: string; readonly codes?: readonly number[] } = {},
  ): Promise<string> {
    const { input, codes = [0], ...rest } = options;
    const stdio: SpawnOptions = input === undefined ? {} : { stdio: ['pipe', 'pipe', 'pipe'] };
    const program = this.start(command, command, args, { ...rest, ...stdio });
    if (input !== undefined) program.say(input);
    const how = await program.ended;
    if (typeof how === 'number' && codes.includes(how)) return program.output;
    throw new Error(`${command} ${args.join(' ')} ended with ${how}:\n${program.output}`);
  }

  /** Runs at the end, before the programs are stopped; the last one given runs first. */
  atEnd(ending: () => Promise<void> | void): void {
    this.#endings.push(ending);
  }

  async end(): Promise<void> {
    for (const ending of this.#endings.toReversed()) await ending();
    await Promise.all(this.#programs.map((program) => program.stop('SIGTERM', 5_000)));
    for (const directory of [this.directory, ...this.#memoryFolders]) {
      directories.delete(directory);
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** The end of what each program has said, a line at a time. */
  lastWords(print: (line: string) => void): void {
    for (const { name, output } of this.#programs) {
      for (const line of output.trimEnd().split('\n').slice(-40)) print(`${name}: ${line}`);
    }
  }
}

export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  /** Everything it has said so far. */
  output = '';
  /** Its end: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  #end: number | NodeJS.Signals | null = null;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    running.add(this);
    const said = (text: string): void => {
      this.output += text;
      for (const listener of this.#listeners) listener();
    };
    child.stdout?.setEncoding('utf8').on('data', said);
    child.stderr?.setEncoding('utf8').on('data', said);
    this.ended = new Promise((resolve) => {
      const end = (how: number | NodeJS.Signals): void => {
        this.#end = how;
        running.delete(this);
        resolve(how);
        for (const listener of this.#listeners) listener();
      };
      child.on('error', (error) => {
        said(`${error.message}\n`);
        end(127);
      });
      child.on('close', (code, signal) => end(code ?? signal ?? 0));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#end === null;
  }

  /** Waits for a line of its output, from the beginning or from a place in it. Fails when the program ends first. */
  line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.output.slice(from));
        if (!found && this.#end === null) return;
        done();
        if (found) resolve(found);
        else
          reject(new Error(`${this.name} ended (${this.#end}) without saying ${pattern}:\n${this.output}`));
      };
      const late = setTimeout(() => {
        done();
        reject(new Error(`${this.name} did not say ${pattern} within ${patienceMs} ms:\n${this.output}`));
      }, patienceMs);
      const done = (): void => {
        clearTimeout(late);
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Writes its whole standard input. */
  say(text: string): void {
    this.#child.stdin?.on('error', () => {}).end(text); // it may end without reading
  }

  /** Sends a signal to the whole process group. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // already gone
    }
  }

  /** Sends a signal to the program alone, as an administrator would. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it, by force after `graceMs`, and tells how it ended. */
  async stop(signal: NodeJS.Signals, graceMs = patienceMs): Promise<number | NodeJS.Signals> {
    this.signal(signal);
    const force = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const how = await this.ended;
    clearTimeout(force);
    this.kill('SIGKILL'); // whoever it left behind in its group, and may still write
    await until(`nobody of ${this.name} is left`, () => livingInGroup(this.pid).length === 0);
    return how;
  }
}

/** Asks again and again until the answer is there: for what foreign programs tell nobody about. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = patienceMs,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Waits until something accepts connections there; fails at once when the program has ended. */
export async function listening(program: Program, port: number, address = '127.0.0.1'): Promise<void> {
  await until(`${program.name} listens on ${address}:${port}`, async () => {
    if (!program.isRunning) throw new Error(`${program.name} ended before it listened:\n${program.output}`);
    const socket = connect({ host: address, port });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return open;
  });
}

/** Below the ports that systems give to outgoing connections and to whoever asks for any (32768 and up, or 49152). */
const firstPort = 10_000;
const portsOfProcess = 100;
/** Test files run at the same time, each in a process of its own: each takes its ports from another block. */
const ownPorts = firstPort + (process.pid % 200) * portsOfProcess;
let nextPort = process.hrtime()[1] % portsOfProcess;

/** A port that nobody has, and that nobody is given by chance before the program that it is for has bound it. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < portsOfProcess; tries++) {
    const port = ownPorts + (nextPort++ % portsOfProcess);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`no port of ${address} is free from ${ownPorts} on`);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const free = once(server.listen({ host, port }), 'listening').then(
    () => true,
    () => false,
  );
  if (!(await free)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
