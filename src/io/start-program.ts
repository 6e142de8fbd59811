// Starts a program in a process group of its own, and tells what it writes and how it has ended. Promises: every program that was started is
// waited for, also one that nobody asks about any more, so that no zombie is left.

import { spawn } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import {
  type ExitCode,
  mostInputBytes,
  posixSpawn,
  type PosixSpawn,
  type SpawnRequest,
} from './posix-spawn.ts';

export interface ProgramEvents {
  /** A piece of its standard output. It belongs to whoever gets it. */
  output(piece: Buffer): void;
  /** A piece of its standard error, if that is wanted. */
  complaint(piece: Buffer): void;
  /** The program itself has ended; what it has left running may still write. */
  exited(code: ExitCode): void;
  /** It has ended, and nothing more can come. */
  closed(): void;
}

export interface StartedProgram {
  readonly pid: number;
  /** From now on nothing is told any more. The program goes on. */
  forget(): void;
}

/**
 * A program whose name is no path is searched for in the PATH of its environment. Standard input is /dev/null.
 * @param events - called in later turns
 * @returns the name of the system's error, such as ENOENT, when it cannot be started
 */
export async function startProgram(
  request: SpawnRequest,
  events: ProgramEvents,
): Promise<StartedProgram | string> {
  const { program, input3 } = request;
  const isLight = program.includes('/') && (input3 === undefined || input3.length <= mostInputBytes);
  const system = isLight ? await posixSpawn() : undefined;
  return system === undefined ? startByNode(request, events) : startLightly(system, request, events);
}

/** A program that has ended by then never gets streams, which would cost as much as the start: what it wrote waits in the pipes. */
const readAfterMs = 20;
/** What a pipe of Linux holds. */
const pipeBytes = 64 * 1024;
const room = Buffer.alloc(pipeBytes);

/** Those that run, by their ids. */
const running = new Map<number, LightProgram>();
let isListening = false;

/** By posix_spawn. */
export function startLightly(
  system: PosixSpawn,
  request: SpawnRequest,
  events: ProgramEvents,
): StartedProgram | string {
  if (!isListening) {
    isListening = true;
    // Node itself waits for its own children alone, one by one.
    process.on('SIGCHLD', () => {
      for (const [pid, program] of running) {
        const code = system.exitOf(pid);
        if (code === undefined) continue;
        running.delete(pid);
        program.exited(code);
      }
    });
  }
  const spawned = system.spawn(request);
  if (typeof spawned === 'string') return spawned;
  const { pid, output, complaints } = spawned;
  const program = new LightProgram(system, pid, events);
  program.follow(output, (piece) => events.output(piece));
  if (complaints !== undefined) program.follow(complaints, (piece) => events.complaint(piece));
  running.set(pid, program);
  return program;
}

interface FollowedPipe {
  readonly fd: number;
  readonly tell: (piece: Buffer) => void;
  stream: Socket | undefined;
}

class LightProgram implements StartedProgram {
  readonly pid: number;
  readonly #system: PosixSpawn;
  readonly #events: ProgramEvents;
  readonly #open = new Set<FollowedPipe>();
  readonly #timer: NodeJS.Timeout;
  #hasExited = false;
  #isForgotten = false;

  constructor(system: PosixSpawn, pid: number, events: ProgramEvents) {
    this.pid = pid;
    this.#system = system;
    this.#events = events;
    this.#timer = setTimeout(() => this.#readAll(), readAfterMs);
  }

  follow(fd: number, tell: (piece: Buffer) => void): void {
    this.#open.add({ fd, tell, stream: undefined });
  }

  exited(code: ExitCode): void {
    if (this.#isForgotten) return;
    this.#hasExited = true;
    clearTimeout(this.#timer);
    this.#events.exited(code);
    for (const pipe of this.#open) if (pipe.stream === undefined) this.#drain(pipe);
    this.#readAll();
    this.#closeIfDone();
  }

  forget(): void {
    this.#isForgotten = true;
    clearTimeout(this.#timer);
    for (const { fd, stream } of this.#open) {
      if (stream === undefined) closeSync(fd);
      else stream.destroy();
    }
    this.#open.clear();
  }

  /** Reads what is there, and closes a pipe that has ended. What is still open then is read by a stream. */
  #drain(pipe: FollowedPipe): void {
    for (let most = 2; most > 0 && !this.#isForgotten; most--) {
      const state = this.#system.stateOf(pipe.fd);
      if (state === 'open') return;
      const size = state === 'bytes' ? readSync(pipe.fd, room) : 0;
      if (size === 0) {
        this.#open.delete(pipe);
        closeSync(pipe.fd);
        return;
      }
      pipe.tell(Buffer.from(room.subarray(0, size)));
    }
  }

  #readAll(): void {
    for (const pipe of this.#open) {
      if (pipe.stream !== undefined) continue;
      pipe.stream = new Socket({ fd: pipe.fd, readable: true, writable: false });
      pipe.stream.on('data', pipe.tell);
      // A pipe that cannot be read has ended: that is all anybody wants to know.
      pipe.stream.on('error', () => undefined);
      pipe.stream.on('close', () => {
        this.#open.delete(pipe);
        this.#closeIfDone();
      });
    }
  }

  #closeIfDone(): void {
    if (this.#hasExited && !this.#isForgotten && this.#open.size === 0) this.#events.closed();
  }
}

/** By Node, which forks this process. */
export function startByNode(
  { program, args, environment, folder, input3, wantsComplaints }: SpawnRequest,
  events: ProgramEvents,
): Promise<StartedProgram | string> | StartedProgram | string {
  try {
    const child = spawn(program, args, {
      stdio: [
        'ignore',
        'pipe',
        wantsComplaints ? 'pipe' : 'ignore',
        ...(input3 === undefined ? [] : ['pipe' as const]),
      ],
      detached: true,
      env: environment,
      ...(folder !== undefined && { cwd: folder }),
    });
    const { pid, stdout, stderr } = child;
    if (pid === undefined)
      return new Promise((resolve) =>
        child.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code)),
      );
    const input = child.stdio[3] as Writable | null | undefined;
    // A program may end before it has read everything.
    input?.on('error', () => undefined);
    input?.end(input3);
    const streams = [stdout, stderr, input];
    stdout?.on('data', (piece: Buffer) => events.output(piece));
    stderr?.on('data', (piece: Buffer) => events.complaint(piece));
    child.on('error', () => undefined);
    child.on('exit', (code) => events.exited(code));
    child.on('close', () => events.closed());
    return {
      pid,
      forget: () => {
        for (const stream of streams) stream?.destroy();
        child.removeAllListeners('exit').removeAllListeners('close');
      },
    };
  } catch (error) {
    // No process or open file is left.
    return String((error as NodeJS.ErrnoException).code);
  }
}
