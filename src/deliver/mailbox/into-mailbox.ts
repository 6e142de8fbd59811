// One message into one mailbox: into the inbox or a folder by the extension, within the quota. Promises: a message that has no room is not written,
// and the user hears once that the mailbox is nearly full; what is wrong with the count of a mailbox never undoes a delivery.

import { join } from 'node:path';
import type { User } from '../../directory/types.ts';
import { nodeMailFiles } from '../../mailbox/mail-files.ts';
import { folderOfExtension } from '../../mailbox/maildir/folder-name.ts';
import type { MaildirPlace } from '../../mailbox/maildir/prepared.ts';
import { type AddedMessage, type MaildirContent, MaildirWriter } from '../../mailbox/maildir/writer.ts';
import type { MailboxPlace } from '../../mailbox/mailbox-place.ts';
import { limitsOf } from '../../mailbox/quota/limits.ts';
import { percentUsed, type Usage } from '../../mailbox/quota/maildirsize.ts';
import type { SharedUsage } from '../../mailbox/quota/shared-usage.ts';
import type { MailboxSettings } from '../../values/mailbox-way.ts';
import type { QuotaLimits } from '../../values/shared-quotas.ts';
import { quotaWarning, type WarningSender } from './quota-warning.ts';
import { type NoRoom, quotaText, RoomForMail, usedText } from './room-for-mail.ts';

/** Of this process: it knows which Maildirs it has looked at. */
const maildirs = new MaildirWriter();
/** More folders of one mailbox are not made by the addresses that strangers write. */
const mostFolders = 1_000;

/** The message, and for whom it is. */
export interface MailForUser {
  readonly user: User;
  readonly place: MailboxPlace;
  /** What the address has behind the user's name; empty for nothing. */
  readonly extension: string;
  readonly content: MaildirContent;
  /** Nearly, of a message that is large. */
  readonly sizeBytes: number;
  readonly sender: string;
  readonly queueId: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export type IntoMailbox = { readonly kind: 'added'; readonly path: string } | NoRoom;

type Settings = Pick<MailboxSettings, 'path' | 'folders' | 'quota' | 'shared'>;

/**
 * To be called for one message at a time where the mailbox has limits.
 * @throws {Error} of the system, or of the content
 */
export async function intoMailbox(
  settings: Settings,
  mail: MailForUser,
  shared: SharedUsage,
  warner: () => WarningSender,
): Promise<IntoMailbox> {
  const limits = limitsOf(settings.quota, mail.user);
  const room = await RoomForMail.take({ settings, limits, shared }, mail);
  if (room.kind === 'full') return room;
  let added: AddedMessage;
  try {
    added = await add(settings, mail);
  } catch (error) {
    await room.free();
    throw error;
  }
  const { before, after } = await room.taken(added.sizeBytes);
  const { warnPercent } = settings.quota;
  const isCrossed = percentUsed(limits, before) < warnPercent && percentUsed(limits, after) >= warnPercent;
  if (isCrossed) await warn(limits, after, mail, warner(), room).catch(() => undefined);
  return { kind: 'added', path: added.path };
}

/** Makes the mailbox, if it is not there. @throws {Error} of the system */
export async function prepareMailbox({ path, base }: MailboxPlace, nowMs: number): Promise<void> {
  await maildirs.prepare({ folder: path, base, followsLinks: true }, nowMs);
}

async function add({ folders }: Pick<MailboxSettings, 'folders'>, mail: MailForUser): Promise<AddedMessage> {
  const { place, extension, content, nowMs, signal } = mail;
  const inbox: MaildirPlace = { folder: place.path, base: place.base, followsLinks: true };
  const name = folders === 'none' ? undefined : folderOfExtension(extension);
  const isThere = name !== undefined && (await isFolder(folders, inbox, name, nowMs));
  const target = isThere ? { folder: join(place.path, name), base: place.path, followsLinks: false } : inbox;
  return maildirs.add(target, content, nowMs, signal);
}

/** Is mail for this folder put there? Else it goes to the inbox. */
async function isFolder(
  folders: MailboxSettings['folders'],
  inbox: MaildirPlace,
  name: string,
  nowMs: number,
): Promise<boolean> {
  const path = join(inbox.folder, name);
  const kind = await nodeMailFiles.kindOf(path, false);
  if (kind !== 'missing' || folders === 'existing') return kind === 'folder';
  await maildirs.prepare(inbox, nowMs);
  const names = await nodeMailFiles.readdir(inbox.folder);
  if (names.filter((each) => each.startsWith('.')).length >= mostFolders) return false;
  const place = { folder: path, base: inbox.folder, followsLinks: false };
  await maildirs.prepare(place, nowMs);
  // So that programs know it for a folder of a Maildir.
  await nodeMailFiles.create(join(path, 'maildirfolder'), false).then(nodeMailFiles.close, ifNotThere);
  return true;
}

/** Two deliveries may make a folder at the same time. */
function ifNotThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

async function warn(
  limits: QuotaLimits,
  usage: Usage,
  mail: MailForUser,
  warner: WarningSender,
  room: RoomForMail,
): Promise<void> {
  const { user, place, sender, queueId, nowMs } = mail;
  const facts = {
    address: user.address,
    percent: Math.floor(percentUsed(limits, usage)),
    used: usedText(limits, usage),
    quota: quotaText(limits),
    sender,
    queueId,
    nowMs,
  };
  const inbox = { folder: place.path, base: place.base, followsLinks: true };
  const { sizeBytes } = await maildirs.add(inbox, [quotaWarning(warner, facts)], nowMs);
  await room.also({ bytes: sizeBytes, messages: 1 });
}
