// Keeps failed log-ins and bans in a file, so that another process goes on with them. Promises: a process that is killed loses what changed in
// its last second; the file is bounded; times in it are dates, since the monotonic clock begins anew with the system. Power that fails may
// take more, since nothing waits for the disk: what is lost is a count, and no mail.

import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { removeLeftover } from '../io/remove-file.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { LimitEntry, LimitKeeper, LoginLimits } from './login-limits.ts';

/** From a change to its place in the file. */
const everyMs = 1_000;
/** After a failure of the disk. */
const retryMs = 10_000;
/** The file is written anew when so much has been added to it, and more than it had. */
const rewriteBytes = 1024 ** 2;
/** Sluice writes no larger one. */
const largestBytes = 64 * 1024 ** 2;
/** Changes that wait for the disk; with more, all is written anew when it answers. */
const mostPending = 50_000;

const kind = z.enum(['client', 'network', 'user']);
const name = z.string().max(1_000);
const line = z.union([
  z.tuple([z.literal('failed'), kind, name, z.number()]),
  z.tuple([z.literal('banned'), kind, name, z.number()]),
  z.tuple([z.literal('forgotten'), kind, name]),
  z.tuple([z.literal('proven'), name]),
]);
type Line = z.output<typeof line>;

export interface KeptLimitsParts {
  readonly path: string;
  readonly log: { warn(message: string): void };
  readonly timers: Timers;
  /** The clock of the limits, in ms. */
  readonly nowMs: () => number;
  /** The date, in ms of Unix time. */
  readonly unixMs: () => number;
}

export class KeptLimits implements LimitKeeper {
  readonly #limits: LoginLimits;
  readonly #parts: KeptLimitsParts;
  #pending: LimitEntry[] = [];
  /** What the file has is not what it should have. */
  #mustRewrite = true;
  #file: FileHandle | undefined;
  #addedBytes = 0;
  #snapshotBytes = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;

  /** Puts in force what the file has, and keeps what changes from now on. */
  constructor(limits: LoginLimits, parts: KeptLimitsParts) {
    this.#limits = limits;
    this.#parts = parts;
    this.#load();
    limits.keepBy(this);
  }

  changed(entry: LimitEntry): void {
    if (this.#pending.length < mostPending) this.#pending.push(entry);
    else this.#mustRewrite = true;
    this.#schedule(everyMs);
  }

  cleared(): void {
    this.#mustRewrite = true;
    this.#schedule(everyMs);
  }

  /** Resolves when all that has changed is in the file, or cannot be. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#timer !== undefined) {
      this.#parts.timers.clear(this.#timer);
      this.#timer = undefined;
      await this.#write();
      this.#parts.timers.clear(this.#timer);
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#parts.timers.setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#pending.length > 0) this.#schedule(everyMs);
      });
    }, ms);
  }

  async #write(): Promise<void> {
    const entries = this.#pending;
    this.#pending = [];
    try {
      const isLong = this.#addedBytes > Math.max(rewriteBytes, this.#snapshotBytes);
      const file = this.#file;
      if (file === undefined || this.#mustRewrite || isLong) await this.#rewrite();
      else this.#addedBytes += await append(file, this.#textOf(entries));
      this.#hasFailed = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #rewrite(): Promise<void> {
    const { path, nowMs } = this.#parts;
    const text = this.#textOf(this.#limits.entries(nowMs()));
    this.#mustRewrite = false;
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    const written = `${path}.new`;
    removeLeftover(written);
    const file = await open(written, 'wx', 0o600);
    try {
      this.#snapshotBytes = await append(file, text);
      // Without it, power that fails soon could leave an empty file behind the new name.
      await file.datasync();
      await rename(written, path);
    } catch (error) {
      await file.close().catch(() => undefined);
      await unlink(written).catch(() => undefined);
      throw error;
    }
    this.#file = file;
    this.#addedBytes = 0;
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (!this.#hasFailed)
      this.#parts.log.warn(
        `failed log-ins and bans cannot be stored, and count until the keys process ends: ${why}`,
      );
    this.#hasFailed = true;
    this.#mustRewrite = true;
    this.#writing = undefined;
    this.#schedule(retryMs);
  }

  #textOf(entries: Iterable<LimitEntry>): string {
    const shiftMs = this.#parts.unixMs() - this.#parts.nowMs();
    let text = '';
    for (const entry of entries) text += `${JSON.stringify(lineOf(entry, shiftMs))}\n`;
    return text;
  }

  #load(): void {
    const { path, log, nowMs, unixMs } = this.#parts;
    let text: string;
    try {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size === undefined) return;
      if (size > largestBytes) throw new Error('it is larger than any that Sluice writes');
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.warn(`failed log-ins and bans of before cannot be read from ${path}, and are counted anew: ${why}`);
      return;
    }
    const shiftMs = nowMs() - unixMs();
    let broken = 0;
    const lines = text.split('\n');
    // The process may have been killed while it wrote the last line.
    lines.pop();
    for (const each of lines) {
      const entry = entryOf(each, shiftMs);
      if (entry === undefined) broken++;
      else this.#limits.restore(entry, nowMs());
    }
    if (broken > 0) log.warn(`${broken} lines of ${path} are no failed log-ins or bans, and are left out`);
  }
}

async function append(file: FileHandle, text: string): Promise<number> {
  const bytes = Buffer.from(text);
  await file.appendFile(bytes);
  return bytes.length;
}

function lineOf(entry: LimitEntry, shiftMs: number): Line {
  switch (entry.kind) {
    case 'failed':
      return ['failed', entry.of, entry.target, Math.ceil(entry.arrivalMs + shiftMs)];
    case 'banned':
      return ['banned', entry.of, entry.target, Math.ceil(entry.untilMs + shiftMs)];
    case 'forgotten':
      return ['forgotten', entry.of, entry.target];
    case 'proven':
      return ['proven', entry.pair];
  }
}

function entryOf(text: string, shiftMs: number): LimitEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = line.safeParse(json);
  if (!read.success) return undefined;
  const { data } = read;
  switch (data[0]) {
    case 'failed':
      return { kind: 'failed', of: data[1], target: data[2], arrivalMs: data[3] + shiftMs };
    case 'banned':
      return { kind: 'banned', of: data[1], target: data[2], untilMs: data[3] + shiftMs };
    case 'forgotten':
      return { kind: 'forgotten', of: data[1], target: data[2] };
    case 'proven':
      return { kind: 'proven', pair: data[1] };
  }
}
