// A disk in memory. A power cut, which can come at any changing operation, loses what was not synced. Writes are torn, syncs
// fail, the disk fills up or becomes read-only, and processes are killed while others continue. One seed decides everything.

import { basename, dirname } from 'node:path';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import { DirectoryNode, FileNode, type DiskNode } from './disk-node.ts';
import { below, seededRandom, type Random } from './random.ts';

/** Callback of an operation. After an error, the result is undefined and must not be used. */
type Done<T> = (error: NodeJS.ErrnoException | null, result: T) => void;

export interface DiskOptions {
  readonly seed: number;
  /** Power is cut in the middle of this changing operation, counted from 1; undefined: never. */
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

/** Decides when an operation begins and when its process receives the result: must call `act` at that time. */
export type DiskPace = (what: 'begin' | 'answer', act: () => void) => void;

/** The disk as one process sees it. After `kill`, the process receives no results any more. */
export interface DiskProcess {
  readonly files: FileLayer;
  kill(): void;
}

export class SimulatedDisk {
  readonly crashed: Promise<void>;
  faults: DiskFaults = noFaults;
  /** True while nothing can be changed, as on a file system that an error has made read-only. */
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

  /** Number of changing operations so far. */
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

  /** Returns the disk as it is after a power cut. Room that another program has taken is still taken. */
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

  /** Lets another program take all room except `leftBytes`. */
  fill(leftBytes = 0): void {
    this.#otherBytes += Math.max(0, this.freeBytes - leftBytes);
  }

  /** Lets the other program free its room. */
  makeRoom(): void {
    this.#otherBytes = 0;
  }

  /** Names in a folder; none when it is not there. */
  names(path: string): readonly string[] {
    const node = this.#node(path);
    return node?.kind === 'directory' ? [...node.current.keys()] : [];
  }

  /** What of a file would be there after every power cut; undefined: no such file, for certain. */
  durable(path: string): Buffer | undefined {
    const folder = this.#node(dirname(path));
    const node = folder?.kind === 'directory' ? folder.durable(basename(path)) : undefined;
    return node?.kind === 'file' ? node.durable() : undefined;
  }

  /** Counts a changing operation. True when the power is cut in the middle of it. */
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
    // On a full disk, existing bytes can still be overwritten.
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
    // If the power is cut during the sync, it may have been done or not.
    if (!last || this.#random() < 0.5) file.sync();
  }

  /**
   * Starts a process on this disk.
   * @param pace - times of its operations; undefined: each is done at once, and its result comes a few turns of the event
   * loop later
   */
  process(pace?: DiskPace): DiskProcess {
    const state = { isKilled: false };
    const opened = new Map<number, FileNode>();
    let nextFd = 3;
    const hasEnded = (): boolean => state.isKilled || this.#off;
    const file = (fd: number): FileNode => {
      const node = opened.get(fd);
      if (node === undefined) throw systemError('EBADF', `descriptor ${fd}`);
      return node;
    };
    /** @param changes - true for an operation during which the power may be cut */
    const run = <T>(changes: boolean, act: (last: boolean) => T, done: Done<T>): void => {
      if (hasEnded()) return;
      if (pace === undefined) execute(changes, act, done);
      // An operation that was requested before its process was killed may still be done.
      else
        pace('begin', () =>
          this.#off || (state.isKilled && this.#random() < 0.5) ? undefined : execute(changes, act, done),
        );
    };
    const execute = <T>(changes: boolean, act: (last: boolean) => T, done: Done<T>): void => {
      const last = changes && this.#isLast();
      let error: NodeJS.ErrnoException | null = null;
      let result: T | undefined;
      try {
        if (changes && this.readOnly) throw systemError('EROFS', 'read-only file system');
        result = act(last);
      } catch (caught) {
        error = caught as NodeJS.ErrnoException;
      }
      const answer = (turns: number): void => {
        if (hasEnded()) return;
        if (turns > 0) setImmediate(answer, turns - 1);
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
      // As on Linux, syncing a read-only file system is no error.
      syncDirectory: (path) =>
        promised(!this.readOnly, (last) => {
          if (!last || this.#random() < 0.5) this.#directory(path).sync();
        }),
      freeBytes: () => promised(false, () => Math.max(0, this.freeBytes)),
      freeBytesSync: () => Math.max(0, this.freeBytes),
      openSync: (path, flags) => {
        if (hasEnded()) throw systemError('EIO', path);
        return open(path, flags);
      },
      readSync: (fd, buffer, offset, length, position) => read(fd, buffer, offset, length, position),
      closeSync: (fd) => void opened.delete(fd),
    };
    return {
      files,
      kill: () => {
        state.isKilled = true;
      },
    };
  }
}
