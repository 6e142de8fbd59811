// The program logger(1) of util-linux, through which the log of all processes goes to the syslog socket of the system. It reads a
// named pipe in the folder of the spool, to which all processes write without waiting. Promises: one program for the whole instance;
// one that ends is started again, later each time, and meanwhile the pipe and the processes keep lines, up to their bounds; it ends
// by itself when no process of Sluice writes any more, after its last line.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { StartError } from '../../errors/start-error.ts';
import { removeFile, removeLeftover } from '../../io/remove-file.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { syslogPipe } from './syslog-logger.ts';
import type { Facility } from '../../values/syslog-facility.ts';

/** Not the PATH of the caller: root runs these programs. */
const environment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
const firstDelayMs = 1_000;
const longestDelayMs = 60_000;
/** A program that ended sooner than this is started again later each time. */
const stableMs = 60_000;
/** How long it may take for the last lines. */
const lastLinesMs = 5_000;
const troubleKey = 'log:logger';
/** Of what the program says on standard error. */
const maxWords = 300;
/** Bytes of a message; lines are shorter. */
const maxMessageSize = '8KiB';

const { O_RDWR, O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

interface SyslogProgramOptions {
  readonly pipe: string;
  readonly facility: Facility;
  /** Undefined: that of the system. */
  readonly socket: string | undefined;
  /** Whom the program and the pipe belong to; undefined: the user of this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly troubles: Troubles;
}

class SyslogProgram {
  readonly #options: SyslogProgramOptions;
  /** Keeps the pipe, and what is in it, while no program reads. */
  readonly #held: number;
  #program: ChildProcess | undefined;
  #startedAtMs = 0;
  #delayMs = firstDelayMs;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  /** @throws {StartError} `SYSLOG_PIPE` when there can be no pipe */
  constructor(options: SyslogProgramOptions) {
    this.#options = options;
    try {
      this.#held = makePipe(options);
    } catch (error) {
      throw new StartError(
        'SYSLOG_PIPE',
        `Making the pipe ${options.pipe} for the log: ${error instanceof Error ? error.message : String(error)}.`,
        'Make the spool a folder that Sluice may write, and see that the program mkfifo is installed; or take syslog out of [log].',
      );
    }
    this.#start();
  }

  /** Call it when no other process of Sluice writes any more. Resolves when the last lines are with syslog, or cannot be. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    closeSync(this.#held);
    const program = this.#program;
    if (program !== undefined) {
      program.ref();
      const killer = setTimeout(() => program.kill('SIGKILL'), lastLinesMs);
      await once(program, 'exit');
      clearTimeout(killer);
    }
    removeLeftover(this.#options.pipe);
  }

  #start(): void {
    const { pipe, facility, socket, owner } = this.#options;
    this.#startedAtMs = performance.now();
    // It is opened for reading here, since there is a writer: this process.
    const input = openSync(pipe, O_RDONLY | O_NOFOLLOW);
    const place = socket === undefined ? [] : ['--socket', socket];
    // A stop by Ctrl-C or by a service manager goes to all processes of a group, and the last lines are still to come.
    const script = 'trap "" INT TERM HUP; exec logger "$@"';
    const options = ['--tag', 'sluice', '--priority', `${facility}.info`, '--prio-prefix'];
    const sizes = ['--size', maxMessageSize, '--socket-errors=on'];
    const program = spawn('/bin/sh', ['-c', script, 'sh', ...options, ...sizes, ...place], {
      stdio: [input, 'ignore', 'pipe'],
      env: environment,
      cwd: '/',
      ...owner,
    });
    closeSync(input);
    this.#program = program;
    let words = '';
    program.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-maxWords);
      this.#raise(words);
      this.#clearWhenStable(program);
    });
    // Only a stop waits for it.
    program.unref();
    (program.stderr as Socket | null)?.unref();
    program.on('error', (error) => this.#ended(program, error.message));
    program.on('exit', (code, signal) =>
      this.#ended(program, words === '' ? `it ended (${signal ?? code})` : words),
    );
  }

  #ended(program: ChildProcess, reason: string): void {
    if (this.#program !== program) return;
    this.#program = undefined;
    clearTimeout(this.#timer);
    if (this.#isStopping) return;
    this.#raise(reason);
    if (performance.now() - this.#startedAtMs > stableMs) this.#delayMs = firstDelayMs;
    this.#timer = setTimeout(() => this.#startAgain(), this.#delayMs).unref();
    this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2);
  }

  #startAgain(): void {
    try {
      this.#start();
      this.#clearWhenStable(this.#program);
    } catch (error) {
      this.#raise(error instanceof Error ? error.message : String(error));
      this.#timer = setTimeout(() => this.#startAgain(), this.#delayMs).unref();
    }
  }

  /** A program that finds no socket ends at its first line, which may come late. */
  #clearWhenStable(program: ChildProcess | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#program === program) this.#options.troubles.clear(troubleKey);
    }, stableMs).unref();
  }

  #raise(words: string): void {
    this.#options.troubles.raise(
      troubleKey,
      'warning',
      `The log does not reach syslog: ${words.trim().replaceAll(/\s*\n\s*/g, '; ')}. Lines are kept in memory, up to a bound; the program logger is started again by itself.`,
      'Start the syslog server, see that logger of util-linux is installed, or correct syslog in [log].',
    );
  }
}

/**
 * Starts the program, if the configuration wants it.
 * @param users - whom the roles run as; undefined: as this process
 * @throws {StartError} `SYSLOG_PIPE` when there can be no pipe
 */
export function startSyslogProgram(
  { log, spool }: Config,
  users: { readonly gid: number; readonly of: { readonly manager: { readonly uid: number } } } | undefined,
  troubles: Troubles,
): SyslogProgram | undefined {
  if (log.syslog?.kind !== 'unix') return undefined;
  const owner = users === undefined ? undefined : { uid: users.of.manager.uid, gid: users.gid };
  const { path: socket } = log.syslog;
  return new SyslogProgram({
    pipe: syslogPipe(spool),
    facility: log.syslogFacility,
    socket,
    owner,
    troubles,
  });
}

/** @returns an open file that keeps the pipe alive */
function makePipe({ pipe, owner }: SyslogProgramOptions): number {
  // One of an earlier run, or whatever somebody has put there: it must be ours.
  removeFile(pipe);
  execFileSync('mkfifo', ['-m', '600', pipe], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const held = openSync(pipe, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
  try {
    const stats = fstatSync(held);
    // The folder may belong to another user than this one.
    if (!stats.isFIFO() || stats.nlink !== 1) throw new Error('it is no pipe of its own');
    if (owner !== undefined) {
      fchownSync(held, owner.uid, owner.gid);
      fchmodSync(held, 0o620);
    }
    return held;
  } catch (error) {
    closeSync(held);
    throw error;
  }
}
