// A ground: a private directory for a test or a run, and all programs that are started in it. However the test or run ends,
// each program is stopped and the directory is removed; after a failure the last output of the programs is printed.

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { TestContext } from 'node:test';
import { livingInGroup } from './process-tree.ts';

/** Longer than anything takes on a machine that is busy with other work: it ends a test that hangs, and no other. */
const patienceMs = 120_000;
const running = new Set<Program>();
const directories = new Set<string>();
process.on('exit', () => {
  for (const program of running) program.kill('SIGKILL');
  // No wait is possible here: files that the programs write in their last moment are removed by another try.
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export class Ground {
  readonly directory: string;
  readonly #programs: Program[] = [];
  readonly #memoryFolders: string[] = [];
  readonly #endings: (() => Promise<void> | void)[] = [];

  /** @param prefix - of the directory's name; below the system's temporary directory unless it is absolute */
  constructor(prefix = 'sluice-interop-') {
    this.directory = mkdtempSync(isAbsolute(prefix) ? prefix : join(tmpdir(), prefix));
    directories.add(this.directory);
    chmodSync(this.directory, 0o755); // programs that drop root must pass through
  }

  /** Makes a ground that ends with the test. */
  static of(t: TestContext): Ground {
    const ground = new Ground();
    t.after(async () => {
      if (!t.passed) ground.lastWords((line) => t.diagnostic(line));
      await ground.end();
    });
    return ground;
  }

  /** Makes a directory below that of the ground. */
  folder(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Makes a directory in memory, where writing must not cost disk time. */
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

  /** Runs a program to its end and returns its output; fails when its exit code is not among `codes`. */
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

  /** Adds a function to run at the end, before the programs are stopped; the last one added runs first. */
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

  /** Prints the last lines of the output of each program. */
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
  /** Its standard output and standard error so far. */
  output = '';
  /** Resolves at its end, with the exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  #end: number | NodeJS.Signals | null = null;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    running.add(this);
    const addOutput = (text: string): void => {
      this.output += text;
      for (const listener of this.#listeners) listener();
    };
    child.stdout?.setEncoding('utf8').on('data', addOutput);
    child.stderr?.setEncoding('utf8').on('data', addOutput);
    this.ended = new Promise((resolve) => {
      const end = (how: number | NodeJS.Signals): void => {
        this.#end = how;
        running.delete(this);
        resolve(how);
        for (const listener of this.#listeners) listener();
      };
      child.on('error', (error) => {
        addOutput(`${error.message}\n`);
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

  /** Waits until its output matches, from the beginning or from an offset. Fails when the program ends before. */
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

  /** Writes its standard input, and ends it. */
  say(text: string): void {
    this.#child.stdin?.on('error', () => {}).end(text); // the program may end without reading
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

  /** Stops it, by force after `graceMs`, and returns how it ended. */
  async stop(signal: NodeJS.Signals, graceMs = patienceMs): Promise<number | NodeJS.Signals> {
    this.signal(signal);
    const force = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const how = await this.ended;
    clearTimeout(force);
    this.kill('SIGKILL'); // processes that it left behind in its group may still write
    await until(`no process of ${this.name} is left`, () => livingInGroup(this.pid).length === 0);
    return how;
  }
}

/** Asks again and again until there is an answer: for changes that other programs do not report. */
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

/** Waits until the program accepts connections on this port; fails at once when it has ended. */
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

/** Below the ports that systems assign by themselves, to outgoing connections and to port 0 (32768 and up, or 49152). */
const firstPort = 10_000;
const portsPerProcess = 100;
/** Test files run at the same time, each in a process of its own: each takes its ports from another block. */
const firstOwnPort = firstPort + (process.pid % 200) * portsPerProcess;
let nextPort = process.hrtime()[1] % portsPerProcess;

/** A port that is free, and that the system assigns to no other program before the intended one has bound it. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < portsPerProcess; tries++) {
    const port = firstOwnPort + (nextPort++ % portsPerProcess);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`no port of ${address} is free from ${firstOwnPort} on`);
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
