// A usage log on the disk: files `NAME.1`, `NAME.2` and so on, of which the last one counts. Promises: of what several processes add at the same
// time, all of them see the same sums, so that the last room goes to one of them; a line counts once, in one of the files; a process that dies
// between any two steps leaves a log that the others go on with. No process waits for another one.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveToOwnerOf } from '../mailbox-changes.ts';
import type { Usage } from './maildirsize.ts';
import { addLine, atLine, countedLine, countLine, endLine, firstLine, UsageTally } from './usage-lines.ts';

const { O_APPEND, O_NOFOLLOW, O_RDWR } = constants;

/** A longer file ends, and the next one begins with the sum. */
const longestBytes = 16 * 1024;
const pieceBytes = 32 * 1024;
/** Only another process that does the same all the time could need more. */
const mostTries = 100;
/** So often it is counted again what has changed during a count; what comes after that is counted in the next count. */
const mostRounds = 5;

export interface LoggedUsage extends Usage {
  /** Unix ms: since then nothing came or went. */
  readonly unchangedSinceMs: number;
  /** When the mailboxes were counted last, Unix ms; 0: never. */
  readonly countedAtMs: number;
}

/** What a count counts. */
export interface CountQuestion {
  /** The users to whose mailboxes something came since they were counted; undefined: count all. */
  readonly changed: ReadonlySet<string> | undefined;
  /** Mailboxes whose folders do not tell whose they are, by the address of the user. */
  readonly elsewhere: ReadonlyMap<string, string>;
  /** To be called now and then: else others may go on so far that nobody knows what has changed, and the count is in vain. */
  readonly lookOn: () => Promise<unknown>;
}

export class UsageLog {
  readonly #folder: string;
  readonly #name: string;
  readonly #longestBytes: number;
  /** Its lines have this name: those of other processes, and of other logs of this one, have others. */
  readonly #writer = randomBytes(6).toString('hex');
  #lastNumber = 0;
  #tally = new UsageTally(this.#writer);
  /** Of the file that is read; 0: not known. */
  #generation = 0;
  /** So much of it was read. */
  #readBytes = 0;
  #changedAtMs = 0;
  /** A whole file came and went between two looks. */
  #hasMissed = false;
  /** One step after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param folder - is made in a folder that is there
   * @param longest - bytes of a file, which then ends
   */
  constructor(folder: string, name: string, longest = longestBytes) {
    this.#folder = folder;
    this.#name = name;
    this.#longestBytes = longest;
  }

  /** What is there now. @throws {Error} of the system */
  usage(): Promise<LoggedUsage> {
    return this.#inTurn(async () => {
      await this.#look();
      return this.#logged;
    });
  }

  /**
   * Adds what comes into the mailbox of a user, or by negative numbers goes.
   * @param path - where the mailbox is, if its folder does not tell whose it is
   * @returns the sum with it, and with all that came before it, whoever has added that
   * @throws {Error} of the system
   */
  add(more: Usage, address: string, path?: string): Promise<Usage> {
    return this.#inTurn(async () => {
      if (path !== undefined) await this.#look();
      const isNew = path !== undefined && this.#tally.elsewhere.get(address) !== path;
      const at = isNew ? atLine(address, path) : '';
      const number = ++this.#lastNumber;
      const line = at + addLine(more, address, this.#writer, number);
      const sum = await this.#append(line, (tally) => tally.takeOwn(number));
      if (this.#readBytes > this.#longestBytes) await this.#append(endLine, () => true);
      return sum;
    });
  }

  /**
   * Counts anew, while others go on adding.
   * @param count - how much is in all mailboxes; asked again as long as something comes meanwhile
   * @throws {Error} of the system
   */
  async recount(
    count: (question: CountQuestion) => Promise<Usage>,
    nowMs: () => number,
  ): Promise<LoggedUsage> {
    const token = `${this.#writer}.${++this.#lastNumber}`;
    await this.#inTurn(async () => {
      await this.#append(countLine(token), (tally) => tally.isCounting(token) || undefined);
      this.#tally.changed = new Set();
      this.#hasMissed = false;
    });
    const { elsewhere } = this.#tally;
    const lookOn = (): Promise<unknown> => this.usage();
    let found = await count({ changed: undefined, elsewhere, lookOn });
    for (let round = 1; ; round++) {
      const changed = await this.#inTurn(() => this.#changedOrEnd(token, found, round, nowMs));
      if (changed === undefined) return this.#logged;
      found = await count({ changed, elsewhere, lookOn });
    }
  }

  /** @returns what has to be counted again; undefined when the count has ended */
  async #changedOrEnd(
    token: string,
    found: Usage,
    round: number,
    nowMs: () => number,
  ): Promise<ReadonlySet<string> | undefined> {
    await this.#look();
    const { bytes, messages, changed = new Set<string>() } = this.#tally;
    if (changed.size > 0 && round < mostRounds && !this.#hasMissed) {
      this.#tally.changed = new Set();
      return changed;
    }
    this.#tally.changed = undefined;
    // Another process has counted meanwhile, or nobody knows what has changed: the next count will be right.
    if (this.#hasMissed || !this.#tally.isCounting(token)) return undefined;
    // Lines that come before this one do not change what it corrects.
    const correction = { bytes: found.bytes - bytes, messages: found.messages - messages };
    await this.#append(
      countedLine(token, correction, nowMs()),
      (tally) => tally.hasEnded(token) || undefined,
    );
    return undefined;
  }

  get #logged(): LoggedUsage {
    const { bytes, messages, countedAtMs } = this.#tally;
    return {
      bytes: Math.max(0, bytes),
      messages: Math.max(0, messages),
      countedAtMs,
      unchangedSinceMs: this.#changedAtMs,
    };
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(act, act);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #look(): Promise<void> {
    await this.#append('', (tally) => !tally.isEnded || undefined);
  }

  /**
   * Appends to the last file, and reads it up to there, until it says that this was done: what stands behind the end of a file does not count.
   * @param isDone - undefined: it was not
   */
  async #append<T>(text: string, isDone: (tally: UsageTally) => T | undefined): Promise<T> {
    for (let tried = 0; tried < mostTries; tried++) {
      const file = await this.#open();
      if (file === undefined) continue;
      try {
        if (text !== '') await file.write(text);
        await this.#catchUp(file);
      } finally {
        await file.close();
      }
      const done = isDone(this.#tally);
      if (this.#tally.isEnded) await this.#goOn();
      if (done !== undefined) return done;
    }
    throw new Error(`${join(this.#folder, this.#name)} cannot be written`);
  }

  /** Undefined: another file is the last one now. */
  async #open(): Promise<FileHandle | undefined> {
    if (this.#generation === 0) await this.#find();
    try {
      return await open(this.#path(this.#generation), O_RDWR | O_APPEND | O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#generation = 0;
      this.#hasMissed = true;
      return undefined;
    }
  }

  async #catchUp(file: FileHandle): Promise<void> {
    const buffer = Buffer.alloc(pieceBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, this.#readBytes);
      if (bytesRead === 0) break;
      this.#readBytes += bytesRead;
      this.#tally.take(buffer.toString('latin1', 0, bytesRead));
    }
    this.#changedAtMs = (await file.stat()).mtimeMs;
  }

  /** The last file; the first one is made. */
  async #find(): Promise<void> {
    if ((await mkdirOnce(this.#folder)) === 'made') await giveToOwnerOf(dirname(this.#folder), this.#folder);
    const last = await this.#lastGeneration();
    if (last === 0) await this.#make(1, firstLine());
    this.#readFrom(Math.max(1, last));
  }

  async #lastGeneration(): Promise<number> {
    const numbers = (await readdir(this.#folder))
      .filter((name) => name.startsWith(`${this.#name}.`))
      .map((name) => name.slice(this.#name.length + 1))
      .filter((rest) => /^\d{1,15}$/u.test(rest));
    return Math.max(0, ...numbers.map(Number));
  }

  /** The file has ended: whoever notices it makes the next one, and all would write the same. */
  async #goOn(): Promise<void> {
    const ended = this.#generation;
    await this.#make(ended + 1, this.#tally.next);
    // The one before stays for those who have not read its end.
    await remove(this.#path(ended - 1));
    const last = await this.#lastGeneration();
    if (last <= ended + 2) {
      this.#readFrom(ended + 1);
      return;
    }
    // Others have made and removed the next one long ago.
    this.#hasMissed = true;
    await remove(this.#path(ended + 1));
    this.#readFrom(last);
  }

  #readFrom(generation: number): void {
    const { changed } = this.#tally;
    this.#generation = generation;
    this.#tally = new UsageTally(this.#writer);
    this.#tally.changed = changed;
    this.#readBytes = 0;
  }

  /** Nobody sees a part of it. */
  async #make(generation: number, text: string): Promise<void> {
    const written = join(this.#folder, `${this.#writer}.${++this.#lastNumber}.new`);
    const file = await open(written, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    try {
      await giveToOwnerOf(this.#folder, written);
      await link(written, this.#path(generation));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await unlink(written);
    }
  }

  #path(generation: number): string {
    return join(this.#folder, `${this.#name}.${generation}`);
  }
}

async function mkdirOnce(folder: string): Promise<'made' | 'there'> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return 'made';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return 'there';
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}
