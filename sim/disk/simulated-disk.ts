// A disk in memory that loses what was not synced. Power can be cut at any operation that changes something; writes
// are torn, syncs fail, space runs out, another program fills it, it becomes read-only, processes are killed while others
// go on. One seed decides everything.

import { basename, dirname } from 'node:path';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import { DirectoryNode, FileNode, type DiskNode } from './disk-node.ts';
import { below, seededRandom, type Random } from './random.ts';

/** A failed operation has no result; nobody looks at it then. */
type Done<T> = (error: NodeJS.ErrnoException | null, result: T) => void;

export interface DiskOptions {
  readonly seed: number;
  /** Power is cut in the middle of this changing operation, counted from 1; never unless given. */
  readonly crashAt?: number;
  readonly capacityBytes?: number;
}

/** Probabilities per operation. */
export interface DiskFaults {
  readonly syncFails: number;
  readonly writeFails: number;
  readonly shortWrites: number;
}

const noFaults: DiskFaults = { syncFails: 0, writeFails: 0, shortWrites: 0 };

function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code });
}

/** The time that a simulated disk takes: calls back when an operation begins, and when the process hears how it went. */
export type DiskPace = (what: 'begin' | 'answer', act: () => void) => void;

/** One process's view: after `kill` nothing that it asked for happens or completes any more. */
export interface DiskProcess {
  readonly files: FileLayer;
  kill(): void;
}

export class SimulatedDisk {
  readonly crashed: Promise<void>;
  faults: DiskFaults = noFaults;
  /** Nothing can be changed: mounted read-only, as file systems are after an error. */
  readOnly = false;
  readonly #random: Random;
  readonly #options: DiskOptions;
  #root: DirectoryNode;
  #usedBytes = 0;
  /** Bytes that another program has taken. */
  #otherBytes = 0;
  #operations = 0;
  #off = false;
  #crash: () => void = () => undefined;

  constructor(options: DiskOptions, root = new DirectoryNode()) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#root = root;
    this.#usedBytes = root.sizeBytes();
    this.crashed = new Promise((resolve) => {
      this.#crash = resolve;
    });
  }

  /** Changing operations so far. */
  get operations(): number {
    return this.#operations;
  }

  get isOff(): boolean {
    return this.#off;
  }

  /** Cuts the power now. */
  cutPower(): void {
    this.#off = true;
    this.#crash();
  }

  /** The same disk after a power cut, with power again; what another program had taken is still taken. */
  restarted(options: DiskOptions): SimulatedDisk {
    this.cutPower();
    const { capacityBytes } = this.#options;
    const same = capacityBytes === undefined ? options : { capacityBytes, ...options };
    const disk = new SimulatedDisk(same, this.#root.afterCrash(this.#random));
    disk.#otherBytes = this.#otherBytes;
    return disk;
  }

  /** Bytes that may still be written. */
  get freeBytes(): number {
    return (this.#options.capacityBytes ?? 2 ** 40) - this.#usedBytes - this.#otherBytes;
  }

  /** Another program takes all room but this. */
  fill(leftBytes = 0): void {
    this.#otherBytes += Math.max(0, this.freeBytes - leftBytes);
  }

  /** The other program gives back what it took. */
  makeRoom(): void {
    this.#otherBytes = 0;
  }

  /** Counts a changing operation. True when the power goes in the middle of it. */
  #isLast(): boolean {
    this.#operations++;
    if (this.#operations !== this.#options.crashAt) return false;
    this.cutPower();
    return true;
  }

  #node(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      node = node?.kind === 'directory' ? node.current.get(name) : undefined;
    }
    return node;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#node(path);
    if (node?.kind !== 'directory') throw systemError('ENOENT', path);
    return node;
  }

  #openFile(path: string, flags: string): FileNode {
    const parent = this.#directory(dirname(path));
    const known = parent.current.get(basename(path));
    if (known !== undefined) {
      if (flags === 'wx') throw systemError('EEXIST', path);
      if (known.kind === 'directory') throw systemError('EISDIR', path);
      if (flags === 'w') this.#truncate(known, 0);
      return known;
    }
    if (flags === 'r' || flags === 'r+') throw systemError('ENOENT', path);
    const created = new FileNode();
    parent.change([[basename(path), created]]);
    return created;
  }

  #makeDirectories(path: string): void {
    let node = this.#root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      let next = node.current.get(name);
      if (next === undefined) {
        next = new DirectoryNode();
        node.change([[name, next]]);
      }
      if (next.kind !== 'directory') throw systemError('ENOTDIR', path);
      node = next;
    }
  }

  #write(file: FileNode, buffers: readonly Uint8Array[], position: number, last: boolean): number {
    const bytes = Buffer.concat(buffers);
    let length = bytes.length;
    // What is there already can be overwritten on a full disk.
    const room = Math.max(0, file.current.length - position) + Math.max(0, this.freeBytes);
    const fails = this.#random() < this.faults.writeFails;
    if (last || fails || this.#random() < this.faults.shortWrites) length = below(this.#random, length + 1);
    if (length > room) length = room;
    if (length > 0) {
      this.#usedBytes += Math.max(0, position + length - file.current.length);
      file.change({ kind: 'write', offset: position, bytes: bytes.subarray(0, length) });
    }
    if (fails) throw systemError('EIO', 'write');
    if (length === 0 && bytes.length > 0 && !last) throw systemError('ENOSPC', 'write');
    return length;
  }

  #truncate(file: FileNode, length: number): void {
    this.#usedBytes -= Math.max(0, file.current.length - length);
    file.change({ kind: 'truncate', length });
  }

  #sync(file: FileNode, last: boolean): void {
    if (this.#random() < this.faults.syncFails) {
      file.failSync(this.#random);
      throw systemError('EIO', 'fdatasync');
    }
    // Cut off before it was answered, it may have happened or not.
    if (!last || this.#random() < 0.5) file.sync();
  }

  /**
   * A new process on this disk.
   * @param pace - of its operations; without one they happen at once, and are answered some turns of the event loop later
   */
  process(pace?: DiskPace): DiskProcess {
    const state = { dead: false };
    const opened = new Map<number, FileNode>();
    let nextFd = 3;
    const gone = (): boolean => state.dead || this.#off;
    const file = (fd: number): FileNode => {
      const node = opened.get(fd);
      if (node === undefined) throw systemError('EBADF', `descriptor ${fd}`);
      return node;
    };
    /** `changes` marks an operation at which power may be cut. */
    const run = <T>(changes: boolean, act: (last: boolean) => T, done: Done<T>): void => {
      if (gone()) return;
      if (pace === undefined) now(changes, act, done);
      // What a process asked for before it was killed may have been on its way already.
      else
        pace('begin', () =>
          this.#off || (state.dead && this.#random() < 0.5) ? undefined : now(changes, act, done),
        );
    };
    const now = <T>(changes: boolean, act: (last: boolean) => T, done: Done<T>): void => {
      const last = changes && this.#isLast();
      let error: NodeJS.ErrnoException | null = null;
      let result: T | undefined;
      try {
        if (changes && this.readOnly) throw systemError('EROFS', 'read-only file system');
        result = act(last);
      } catch (caught) {
        error = caught as NodeJS.ErrnoException;
      }
      const answer = (hops: number): void => {
        if (gone()) return;
        if (hops > 0) setImmediate(answer, hops - 1);
        else done(error, result as T);
      };
      if (pace === undefined) setImmediate(answer, below(this.#random, 3));
      else pace('answer', () => answer(0));
    };
    const promised = <T>(changes: boolean, act: (last: boolean) => T): Promise<T> =>
      new Promise((resolve, reject) => {
        run(changes, act, (error, result) => (error === null ? resolve(result) : reject(error)));
      });
    const read = (
      fd: number,
      buffer: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ): number => {
      const { bytes, length: size } = file(fd).current;
      const count = Math.max(0, Math.min(length, size - position));
      if (count > 0) bytes.copy(buffer, offset, position, position + count);
      return count;
    };
    const open = (path: string, flags: string): number => {
      const fd = nextFd++;
      opened.set(fd, this.#openFile(path, flags));
      return fd;
    };
    const files: FileLayer = {
      open: (path, flags) => promised(flags !== 'r', () => open(path, flags)),
      close: (fd) => promised(false, () => void opened.delete(fd)),
      writev: (fd, buffers, position, done) => {
        const views = buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
        run(true, (last) => this.#write(file(fd), views, position, last), done);
      },
      fdatasync: (fd, done) => run(!this.readOnly, (last) => this.#sync(file(fd), last), done),
      read: (fd, buffer, offset, length, position, done) =>
        run(false, () => read(fd, buffer, offset, length, position), done),
      truncate: (fd, length) => promised(true, () => this.#truncate(file(fd), length)),
      size: (fd) => promised(false, () => file(fd).current.length),
      unlink: (path) =>
        promised(true, () => {
          const parent = this.#directory(dirname(path));
          const node = parent.current.get(basename(path));
          if (node?.kind !== 'file') throw systemError('ENOENT', path);
          this.#usedBytes -= node.current.length;
          parent.change([[basename(path), undefined]]);
        }),
      rename: (from, to) =>
        promised(true, () => {
          const source = this.#directory(dirname(from));
          const target = this.#directory(dirname(to));
          const node = source.current.get(basename(from));
          if (node === undefined) throw systemError('ENOENT', from);
          const replaced = target.current.get(basename(to));
          if (replaced?.kind === 'file') this.#usedBytes -= replaced.current.length;
          if (source === target) {
            source.change([
              [basename(from), undefined],
              [basename(to), node],
            ]);
          } else {
            // Between two directories, a power cut may keep one change and lose the other.
            target.change([[basename(to), node]]);
            source.change([[basename(from), undefined]]);
          }
        }),
      readdir: (path) => promised(false, () => [...this.#directory(path).current.keys()]),
      mkdir: (path) => promised(true, () => this.#makeDirectories(path)),
      // Nothing is left to be synced on a read-only file system: no error, as on Linux.
      syncDirectory: (path) =>
        promised(!this.readOnly, (last) => {
          if (!last || this.#random() < 0.5) this.#directory(path).sync();
        }),
      freeBytes: () => promised(false, () => Math.max(0, this.freeBytes)),
      freeBytesSync: () => Math.max(0, this.freeBytes),
      openSync: (path, flags) => {
        if (gone()) throw systemError('EIO', path);
        return open(path, flags);
      },
      readSync: (fd, buffer, offset, length, position) => read(fd, buffer, offset, length, position),
      closeSync: (fd) => void opened.delete(fd),
    };
    return {
      files,
      kill: () => {
        state.dead = true;
      },
    };
  }
}
