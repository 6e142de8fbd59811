// Files and directories of the simulated disk. Each has its current state, which processes see, and a durable state, which a
// power cut leaves.

import { below, type Random } from './random.ts';

/** Unit in which a power cut keeps or loses unsynced data. */
const pageBytes = 512;

type FileChange =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly length: number };

class Contents {
  bytes = Buffer.alloc(0);
  length = 0;

  apply(change: FileChange): void {
    if (change.kind === 'truncate') {
      this.bytes.fill(0, Math.min(change.length, this.length), this.length);
      this.length = Math.min(this.length, change.length);
      return;
    }
    const end = change.offset + change.bytes.length;
    if (end > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    change.bytes.copy(this.bytes, change.offset);
    this.length = Math.max(this.length, end);
  }
}

export class FileNode {
  readonly kind = 'file';
  readonly current = new Contents();
  readonly #durable = new Contents();
  #unsynced: FileChange[] = [];

  change(change: FileChange): void {
    this.current.apply(change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) this.#durable.apply(change);
    this.#unsynced = [];
  }

  /** Fails a sync like a kernel that reports an error once and drops the pages: no later sync writes them. */
  failSync(random: Random): void {
    this.#keepSome(random);
    this.#unsynced = [];
  }

  /** Makes a random part of the unsynced changes durable; sometimes all of them or none. */
  #keepSome(random: Random): void {
    const share = [0, 0.5, 0.9, 1][below(random, 4)] ?? 0;
    for (const change of this.#unsynced) {
      if (change.kind === 'truncate') {
        if (random() < share) this.#durable.apply(change);
        continue;
      }
      const { offset, bytes } = change;
      for (let at = 0; at < bytes.length;) {
        const length = Math.min(pageBytes - ((offset + at) % pageBytes), bytes.length - at);
        if (random() < share) {
          this.#durable.apply({ kind: 'write', offset: offset + at, bytes: bytes.subarray(at, at + length) });
        }
        at += length;
      }
      // The new size may be on the disk without the data.
      if (random() < 0.2)
        this.#durable.length = Math.max(this.#durable.length, this.#grownFor(offset + bytes.length));
    }
  }

  #grownFor(length: number): number {
    if (length > this.#durable.bytes.length) {
      this.#durable.apply({ kind: 'write', offset: length - 1, bytes: Buffer.alloc(1) });
    }
    return length;
  }

  /** What is durable for certain. */
  durable(): Buffer {
    return Buffer.from(this.#durable.bytes.subarray(0, this.#durable.length));
  }

  /** The file as a power cut leaves it. */
  afterCrash(random: Random): FileNode {
    this.#keepSome(random);
    const left = new FileNode();
    left.change({
      kind: 'write',
      offset: 0,
      bytes: Buffer.from(this.#durable.bytes.subarray(0, this.#durable.length)),
    });
    left.sync();
    return left;
  }
}

/** A change of directory entries: pairs of a name and its new node, undefined if removed. A rename changes two names. */
type DirectoryChange = readonly (readonly [string, DiskNode | undefined])[];

export class DirectoryNode {
  readonly kind = 'directory';
  readonly current = new Map<string, DiskNode>();
  readonly #durable = new Map<string, DiskNode>();
  #unsynced: DirectoryChange[] = [];

  change(change: DirectoryChange): void {
    applyEntries(this.current, change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) applyEntries(this.#durable, change);
    this.#unsynced = [];
  }

  /** The entry of this name that is durable for certain. */
  durable(name: string): DiskNode | undefined {
    return this.#durable.get(name);
  }

  /** Bytes of all files in it. */
  sizeBytes(): number {
    let bytes = 0;
    for (const node of this.current.values()) {
      bytes += node.kind === 'file' ? node.current.length : node.sizeBytes();
    }
    return bytes;
  }

  /** The directory as a power cut leaves it: with the first few of the unsynced changes, or any of them. */
  afterCrash(random: Random): DirectoryNode {
    const inOrder = random() < 0.5;
    const kept = inOrder ? this.#unsynced.slice(0, below(random, this.#unsynced.length + 1)) : this.#unsynced;
    for (const change of kept) if (inOrder || random() < 0.5) applyEntries(this.#durable, change);
    const left = new DirectoryNode();
    for (const [name, node] of this.#durable) left.change([[name, node.afterCrash(random)]]);
    left.sync();
    return left;
  }
}

export type DiskNode = FileNode | DirectoryNode;

function applyEntries(entries: Map<string, DiskNode>, change: DirectoryChange): void {
  for (const [name, node] of change) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
}
