// Room for a message in a mailbox, and in what mailboxes share: it is taken before the message is written, and given back when it is not. Promises:
// what is wrong with a count never undoes a delivery; a message that another one takes the last room from waits, and does not go back.

import type { User } from '../../directory/types.ts';
import { isLimited } from '../../mailbox/quota/limits.ts';
import { addToUsage, touchUsage, usageOf } from '../../mailbox/quota/mailbox-usage.ts';
import { hasRoom, type Usage } from '../../mailbox/quota/maildirsize.ts';
import type { SharedRoom, SharedUsage } from '../../mailbox/quota/shared-usage.ts';
import type { MailboxSettings, QuotaSettings } from '../../values/mailbox-way.ts';
import { mayShareQuota, type QuotaLimits, type QuotaScope, scopeText } from '../../values/shared-quotas.ts';
import { roundedSize } from '../../values/size.ts';

/** What has no room for this takes no mail at all. */
const smallMessage: Usage = { bytes: 4096, messages: 1 };
const nothing: Usage = { bytes: 0, messages: 0 };

export interface NoRoom {
  readonly kind: 'full';
  /** What is full; undefined: the mailbox. */
  readonly scope: QuotaScope | undefined;
  readonly isFinal: boolean;
  /** There is no room for a small message either. */
  readonly isForAll: boolean;
  /** What is full, and how much is there, for people. */
  readonly text: string;
}

export interface RoomParts {
  readonly settings: Pick<MailboxSettings, 'path' | 'quota' | 'shared'>;
  /** Of the mailbox. */
  readonly limits: QuotaLimits;
  readonly shared: SharedUsage;
}

export interface MailNeedsRoom {
  readonly user: User;
  readonly place: { readonly path: string };
  /** Nearly, of a message that is large. */
  readonly sizeBytes: number;
  readonly nowMs: number;
}

export class RoomForMail {
  readonly kind = 'room';
  readonly #parts: RoomParts;
  readonly #mail: MailNeedsRoom;
  /** In the mailbox. */
  readonly #before: Usage;
  /** Is it written in the file of the mailbox that the message has its room? */
  readonly #isNoted: boolean;
  readonly #shared: SharedRoom | undefined;

  private constructor(
    parts: RoomParts,
    mail: MailNeedsRoom,
    before: Usage,
    isNoted: boolean,
    shared: SharedRoom | undefined,
  ) {
    this.#parts = parts;
    this.#mail = mail;
    this.#before = before;
    this.#isNoted = isNoted;
    this.#shared = shared;
  }

  /** @throws {Error} of the system */
  static async take(parts: RoomParts, mail: MailNeedsRoom): Promise<RoomForMail | NoRoom> {
    const { settings, limits, shared } = parts;
    const { user, place, nowMs } = mail;
    const more = { bytes: mail.sizeBytes, messages: 1 };
    const isOwn = isLimited(limits);
    const before = isOwn
      ? await usageOf(place.path, limits, more, nowMs)
      : { ...nothing, unchangedSinceMs: 0 };
    const noRoom = (isContested: boolean): NoRoom => ({
      kind: 'full',
      scope: undefined,
      isFinal: !isContested && isFinal(settings.quota, before.unchangedSinceMs, nowMs),
      isForAll: !hasRoom(limits, before, smallMessage),
      text: `the mailbox is full: ${usedText(limits, before)} of ${quotaText(limits)}`,
    });
    if (!hasRoom(limits, before, more)) return noRoom(false);
    let room: SharedRoom | undefined;
    if (mayShareQuota(settings.shared, user)) {
      const found = await shared.take(settings, user, more, nowMs);
      if ('quota' in found) {
        const { quota, usage, isContested } = found;
        return {
          kind: 'full',
          scope: quota,
          isFinal: !isContested && isFinal(settings.quota, usage.unchangedSinceMs, nowMs),
          isForAll: !hasRoom(quota.limits, usage, smallMessage),
          text: `the mailboxes of ${scopeText(quota)} are full: ${usedText(quota.limits, usage)} of ${quotaText(quota.limits)}`,
        };
      }
      room = found;
    }
    const sum = isOwn ? await addToUsage(place.path, more) : undefined;
    const taken = new RoomForMail(parts, mail, before, sum !== undefined, room);
    // Another process has delivered into the mailbox meanwhile.
    if (sum === undefined || hasRoom(limits, sum, nothing)) return taken;
    await taken.free();
    return noRoom(true);
  }

  /**
   * The message is there. Never rejects.
   * @returns what was in the mailbox before, and what is there now, where it has a quota
   */
  async taken(sizeBytes: number): Promise<{ readonly before: Usage; readonly after: Usage }> {
    const { place, sizeBytes: expectedBytes } = this.#mail;
    const rest = sizeBytes - expectedBytes;
    if (this.#isNoted) {
      const noted =
        rest === 0 ? touchUsage(place.path) : addToUsage(place.path, { bytes: rest, messages: 0 });
      await noted.catch(() => undefined);
    }
    await this.#shared?.taken(sizeBytes).catch(() => undefined);
    const before = this.#before;
    return { before, after: { bytes: before.bytes + sizeBytes, messages: before.messages + 1 } };
  }

  /** The message is not there. Never rejects. */
  async free(): Promise<void> {
    const { place, sizeBytes } = this.#mail;
    if (this.#isNoted)
      await addToUsage(place.path, { bytes: -sizeBytes, messages: -1 }).catch(() => undefined);
    await this.#shared?.free().catch(() => undefined);
  }

  /** Something else has come into the mailbox. @throws {Error} of the system */
  async also(more: Usage): Promise<void> {
    await addToUsage(this.#mail.place.path, more);
    const { shared, settings } = this.#parts;
    await shared.add(settings, this.#mail.user, more);
  }
}

function isFinal({ whenFull, graceMs }: QuotaSettings, unchangedSinceMs: number, nowMs: number): boolean {
  return whenFull === 'return' && nowMs - unchangedSinceMs >= graceMs;
}

export function usedText({ bytes, messages }: QuotaLimits, usage: Usage): string {
  return [
    ...(bytes === undefined ? [] : [roundedSize(usage.bytes)]),
    ...(messages === undefined ? [] : [`${usage.messages} messages`]),
  ].join(' and ');
}

export function quotaText({ bytes, messages }: QuotaLimits): string {
  return usedText({ bytes, messages }, { bytes: bytes ?? 0, messages: messages ?? 0 });
}
