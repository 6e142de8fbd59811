// posix_spawn(3), waitpid(2) and poll(2) of the C library, called through Node's FFI. Node's own spawn forks on Linux: the system copies the page tables
// of the whole process, and this process then takes a fault for each page that it writes to. For a receiver that is several times what the
// start of a small program costs. posix_spawn shares the memory until the program is there. A helper process that forks for us was
// measured, too: one in Perl cost more than Node's fork. Only Linux needs this: elsewhere libuv calls posix_spawn itself.
// Promises: the program gets its descriptors and no other, no blocked or ignored signal, and a process group of its own.

import { closeSync, openSync, writeSync } from 'node:fs';
import type { DynamicLibrary } from 'node:ffi';
import { getSystemErrorName } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { TextsForC } from './texts-for-c.ts';

export interface SpawnRequest {
  /** A path: it is not searched for. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where it runs, and from where its path is read. Undefined: where this process runs. */
  readonly folder: string | undefined;
  /** What it can read on descriptor 3. Undefined: it has no such descriptor. */
  readonly input3: Uint8Array | undefined;
  /** Whether its standard error is wanted; otherwise that goes nowhere. */
  readonly wantsComplaints: boolean;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** Descriptor of the end of its standard output that is read; it belongs to the caller. */
  readonly output: number;
  readonly complaints: number | undefined;
}

/** How a process has ended: its exit code, or null when a signal has ended it. */
export type ExitCode = number | null;

/** What every pipe takes at once (pipe(7): PIPE_BUF). */
export const mostInputBytes = 4096;

export interface PosixSpawn {
  /**
   * @param request - its input has `mostInputBytes` at most
   * @returns the name of the system's error, such as ENOENT, when no program was started
   */
  spawn(request: SpawnRequest): SpawnedProcess | string;
  /** Looks whether a child has ended. It is asked once after that. @returns undefined: it still runs */
  exitOf(pid: number): ExitCode | undefined;
  /** What a read of a pipe would meet now: bytes; its end; nothing, since somebody may still write to it. */
  stateOf(fd: number): 'bytes' | 'ended' | 'open';
}

/** Those whose pointers and longs have 64 bits, the lowest byte first. */
const layouts: ReadonlySet<string> = new Set(['x64', 'arm64']);
/** posix_spawnattr_t and posix_spawn_file_actions_t are smaller in every C library; a buffer this large never moves in memory. */
const structBytes = 1024;
/** sigset_t */
const signalSetBytes = 128;
/** fcntl.h of Linux */
const closeOnExec = 0x80000;
/** spawn.h: POSIX_SPAWN_SETPGROUP, SETSIGDEF and SETSIGMASK. */
const spawnFlags = 0x02 | 0x04 | 0x08;
/** sys/wait.h */
const withoutWaiting = 1;
/** poll.h: POLLIN; what else comes without being asked for is the end of the pipe, or an error. */
const hasBytes = 0x01;

let binding: Promise<PosixSpawn | undefined> | undefined;

/** Loads it at the first call. Undefined: this system or this Node does not have it. */
export function posixSpawn(): Promise<PosixSpawn | undefined> {
  return (binding ??= load());
}

async function load(): Promise<PosixSpawn | undefined> {
  if (process.platform !== 'linux' || !layouts.has(process.arch) || !isMainThread) return undefined;
  const { emitWarning } = process;
  // Node says on the standard error that FFI may change. The version of Node is fixed, and what fails here is done without it.
  process.emitWarning = (warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith('FFI ')) emitWarning.call(process, warning, ...rest);
  };
  try {
    const { DynamicLibrary, getRawPointer } = await import('node:ffi');
    return new LinuxSpawn(new DynamicLibrary(null), getRawPointer);
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

class LinuxSpawn implements PosixSpawn {
  readonly #c: ReturnType<typeof functionsOf>;
  /** The same for all programs. */
  readonly #attributes = Buffer.alloc(structBytes);
  readonly #nothing = openSync('/dev/null', 'r+');
  /** Room for what the calls return. */
  readonly #actions = Buffer.alloc(structBytes);
  readonly #result = Buffer.alloc(structBytes);
  readonly #texts: TextsForC;

  constructor(library: DynamicLibrary, addressOf: (buffer: Buffer) => bigint) {
    this.#c = functionsOf(library);
    this.#texts = new TextsForC(addressOf);
    const all = Buffer.alloc(signalSetBytes);
    this.#c.sigfillset(all);
    this.#c.initAttributes(this.#attributes);
    this.#c.setFlags(this.#attributes, spawnFlags);
    this.#c.setGroup(this.#attributes, 0);
    this.#c.setDefaultSignals(this.#attributes, all);
    this.#c.setSignalMask(this.#attributes, Buffer.alloc(signalSetBytes));
  }

  spawn(request: SpawnRequest): SpawnedProcess | string {
    const { program, args, environment, folder, input3 } = request;
    const variables: string[] = [];
    for (const [name, value] of Object.entries(environment)) {
      if (value !== undefined) variables.push(`${name}=${value}`);
    }
    const texts = [program, ...args, ...variables, folder ?? ''];
    // It would end a text for C.
    if (texts.some((each) => each.includes('\0'))) return 'EINVAL';
    const pipes = this.#pipes(1 + Number(request.wantsComplaints) + Number(input3 !== undefined));
    if (typeof pipes === 'string') return pipes;
    const output = pipes.shift();
    const complaints = request.wantsComplaints ? pipes.shift() : undefined;
    const input = pipes.shift();
    if (input !== undefined && input3 !== undefined) writeSync(input.written, input3);
    const c = this.#c;
    c.initActions(this.#actions);
    c.addDescriptor(this.#actions, this.#nothing, 0);
    c.addDescriptor(this.#actions, output?.written ?? this.#nothing, 1);
    c.addDescriptor(this.#actions, complaints?.written ?? this.#nothing, 2);
    if (input !== undefined) c.addDescriptor(this.#actions, input.read, 3);
    c.closeFrom?.(this.#actions, input === undefined ? 3 : 4);
    this.#texts.makeRoom(texts);
    if (folder !== undefined) c.addFolder(this.#actions, this.#texts.text(folder));
    const error = c.spawn(
      this.#result,
      this.#texts.text(program),
      this.#actions,
      this.#attributes,
      this.#texts.list([program, ...args]),
      this.#texts.list(variables),
    );
    c.destroyActions(this.#actions);
    closeAll([output?.written, complaints?.written, input?.read, input?.written]);
    if (error === 0 && output !== undefined)
      return { pid: this.#result.readInt32LE(0), output: output.read, complaints: complaints?.read };
    closeAll([output?.read, complaints?.read]);
    return getSystemErrorName(-error);
  }

  exitOf(pid: number): ExitCode | undefined {
    if (this.#c.waitpid(pid, this.#result, withoutWaiting) !== pid) return undefined;
    const status = this.#result.readInt32LE(0);
    return (status & 0x7f) === 0 ? (status >> 8) & 0xff : null;
  }

  stateOf(fd: number): 'bytes' | 'ended' | 'open' {
    // struct pollfd: an int and two shorts.
    this.#result.writeInt32LE(fd, 0);
    this.#result.writeInt16LE(hasBytes, 4);
    this.#result.writeInt16LE(0, 6);
    this.#c.poll(this.#result, 1n, 0);
    const found = this.#result.readInt16LE(6);
    return found === 0 ? 'open' : (found & hasBytes) === 0 ? 'ended' : 'bytes';
  }

  #pipes(count: number): Pipe[] | string {
    const pipes: Pipe[] = [];
    while (pipes.length < count) {
      if (this.#c.pipe2(this.#result, closeOnExec) !== 0) {
        closeAll(pipes.flatMap(({ read, written }) => [read, written]));
        // FFI does not show errno. A limit on open files is what it is (pipe(2)).
        return 'EMFILE';
      }
      pipes.push({ read: this.#result.readInt32LE(0), written: this.#result.readInt32LE(4) });
    }
    return pipes;
  }
}

interface Pipe {
  readonly read: number;
  readonly written: number;
}

function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const each of descriptors) if (each !== undefined) closeSync(each);
}

function functionsOf(library: DynamicLibrary) {
  const int = 'int32';
  const at = 'pointer';
  const of = library.getFunction.bind(library);
  return {
    sigfillset: of('sigfillset', { arguments: [at], return: int }),
    pipe2: of('pipe2', { arguments: [at, int], return: int }),
    poll: of('poll', { arguments: [at, 'uint64', int], return: int }),
    waitpid: of('waitpid', { arguments: [int, at, int], return: int }),
    spawn: of('posix_spawn', { arguments: [at, at, at, at, at, at], return: int }),
    initActions: of('posix_spawn_file_actions_init', { arguments: [at], return: int }),
    addDescriptor: of('posix_spawn_file_actions_adddup2', { arguments: [at, int, int], return: int }),
    addFolder: of('posix_spawn_file_actions_addchdir_np', { arguments: [at, at], return: int }),
    closeFrom: closeFromOf(library),
    destroyActions: of('posix_spawn_file_actions_destroy', { arguments: [at], return: int }),
    initAttributes: of('posix_spawnattr_init', { arguments: [at], return: int }),
    setFlags: of('posix_spawnattr_setflags', { arguments: [at, 'int16'], return: int }),
    setGroup: of('posix_spawnattr_setpgroup', { arguments: [at, int], return: int }),
    setDefaultSignals: of('posix_spawnattr_setsigdefault', { arguments: [at, at], return: int }),
    setSignalMask: of('posix_spawnattr_setsigmask', { arguments: [at, at], return: int }),
  };
}

/** Undefined before glibc 2.34: then a program gets descriptors that this process has been given to keep. */
function closeFromOf(library: DynamicLibrary) {
  try {
    const signature = { arguments: ['pointer', 'int32'], return: 'int32' } as const;
    return library.getFunction('posix_spawn_file_actions_addclosefrom_np', signature);
  } catch {
    return undefined;
  }
}
