// How much is in the mailboxes that share a quota: a log for each domain and tenant, in the folder `.usage` of that of the mailboxes. Promises: mail
// that is delivered at the same time, by whatever process, takes no more room than there is; what other programs do to the mailboxes is found
// out by a count in the background, one at a time in a process.

import { join } from 'node:path';
import { mailboxBase } from '../../values/mailbox-path.ts';
import type { MailboxSettings } from '../../values/mailbox-way.ts';
import { type QuotaScope, type SharedQuota, sharedQuotasOf } from '../../values/shared-quotas.ts';
import { type MailboxUser, placeOf } from '../mailbox-place.ts';
import { countShared, type InMailboxTurn } from './count-shared.ts';
import { hasRoom, type Usage } from './maildirsize.ts';
import { type LoggedUsage, UsageLog } from './usage-log.ts';

type Settings = Pick<MailboxSettings, 'path' | 'shared'>;

/** A count is so old when it is made anew, because other programs may have added mail or removed it. */
const countedForMs = 3_600_000;
/** And so old, where there was no room. */
const fullForMs = 60_000;
/** More are forgotten, and read again. */
const mostLogs = 10_000;

export interface NoSharedRoom {
  readonly quota: SharedQuota;
  readonly usage: LoggedUsage;
  /** Another message took the room just now: nobody was told before that there is none. */
  readonly isContested: boolean;
}

/** Room that a message has in all that it counts for. */
export interface SharedRoom {
  /** The message is there. @param sizeBytes - what it takes */
  taken(sizeBytes: number): Promise<void>;
  /** It is not. */
  free(): Promise<void>;
}

export class SharedUsage {
  readonly #inTurn: InMailboxTurn;
  readonly #logs = new Map<string, UsageLog>();
  /** When this process has counted, or has begun to, Unix ms. */
  readonly #countedAtMs = new Map<string, number>();
  #counting: Promise<unknown> = Promise.resolve();

  /** @param inTurn - so that no message is on its way into a mailbox while that is counted */
  constructor(inTurn: InMailboxTurn) {
    this.#inTurn = inTurn;
  }

  /** Takes room for a message to a user, or says what has none. @throws {Error} of the system */
  async take(
    settings: Settings,
    user: MailboxUser,
    more: Usage,
    nowMs: number,
  ): Promise<SharedRoom | NoSharedRoom> {
    const quotas = sharedQuotasOf(settings.shared, user);
    for (const quota of quotas) {
      const usage = await this.logOf(settings, quota).usage();
      const isThere = hasRoom(quota.limits, usage, more);
      this.#countIfOld(settings, quota, usage, isThere, nowMs);
      if (!isThere) return { quota, usage, isContested: false };
    }
    const added: SharedQuota[] = [];
    const free = async (): Promise<void> => {
      for (const each of added.splice(0)) await this.#add(settings, each, user, negative(more));
    };
    for (const quota of quotas) {
      const log = this.logOf(settings, quota);
      const sum = await log.add(more, user.address, elsewhereOf(settings, user));
      added.push(quota);
      if (hasRoom(quota.limits, sum, { bytes: 0, messages: 0 })) continue;
      await free();
      return { quota, usage: await log.usage(), isContested: true };
    }
    const taken = async (sizeBytes: number): Promise<void> => {
      if (sizeBytes === more.bytes) return;
      for (const each of added)
        await this.#add(settings, each, user, { bytes: sizeBytes - more.bytes, messages: 0 });
    };
    return { taken, free };
  }

  /** Mail came or went by another way. @throws {Error} of the system */
  async add(settings: Settings, user: MailboxUser, more: Usage): Promise<void> {
    for (const quota of sharedQuotasOf(settings.shared, user)) await this.#add(settings, quota, user, more);
  }

  /** Counts what is in the mailboxes. @throws {Error} of the system */
  recount(settings: Settings, scope: QuotaScope): Promise<LoggedUsage> {
    return this.logOf(settings, scope).recount(countShared(settings, scope, this.#inTurn), Date.now);
  }

  /** Resolves when no count is under way. */
  async counted(): Promise<void> {
    await this.#counting;
  }

  logOf({ path }: Pick<MailboxSettings, 'path'>, { kind, name }: QuotaScope): UsageLog {
    const folder = join(mailboxBase(path), '.usage');
    const key = `${folder}\0${kind}\0${name}`;
    let log = this.#logs.get(key);
    if (log === undefined) {
      if (this.#logs.size >= mostLogs) this.#logs.clear();
      log = new UsageLog(folder, `${kind}=${encodeURIComponent(name)}`);
      this.#logs.set(key, log);
    }
    return log;
  }

  async #add(settings: Settings, quota: SharedQuota, user: MailboxUser, more: Usage): Promise<void> {
    await this.logOf(settings, quota).add(more, user.address, elsewhereOf(settings, user));
  }

  /** The first time in each process, because one that was killed may have left a sum that is wrong. */
  #countIfOld(
    settings: Settings,
    quota: SharedQuota,
    { countedAtMs }: LoggedUsage,
    isThereRoom: boolean,
    nowMs: number,
  ): void {
    const key = `${quota.kind}\0${quota.name}`;
    const own = this.#countedAtMs.get(key);
    const last = Math.max(own ?? 0, countedAtMs);
    const isYoung = nowMs - last < (isThereRoom ? countedForMs : fullForMs);
    if (isYoung && (own !== undefined || countedAtMs > startedAtMs)) return;
    this.#countedAtMs.set(key, nowMs);
    // What cannot be read now is counted at the next occasion; mail is not held up by it.
    this.#counting = this.#counting.then(() => this.recount(settings, quota)).catch(() => undefined);
  }
}

/** Of this process, Unix ms. */
const startedAtMs = performance.timeOrigin;

function negative({ bytes, messages }: Usage): Usage {
  return { bytes: -bytes, messages: -messages };
}

/** Where the mailbox is, if its folder does not tell whose it is. */
function elsewhereOf(settings: Settings, user: MailboxUser): string | undefined {
  if (user.mailbox === undefined && settings.path.includes('${domain}')) return undefined;
  const place = placeOf(settings, user);
  return place.kind === 'place' ? place.path : undefined;
}
