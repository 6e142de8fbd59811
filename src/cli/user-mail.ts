// What becomes of the mail of a user who is removed or renamed: asked on a terminal, or told by --mail.

import { Option } from 'commander';
import type { Config } from '../config/config.ts';
import { accountOf, type UserRecord } from '../directory/record.ts';
import { isThere, moveMailbox, removeMailbox } from '../mailbox/mailbox-changes.ts';
import { type MailboxPlace, placeOf } from '../mailbox/mailbox-place.ts';
import { countMailbox } from '../mailbox/quota/mailbox-usage.ts';
import { confirm } from './confirm.ts';
import { mailboxOfUser } from './mailbox-of.ts';
import { mailboxFailed } from './mailbox-failed.ts';
import { mailCame, mailWent } from './shared-quotas.ts';
import { bytes as sizeText } from './text-table.ts';

export interface RemovedMailOptions {
  readonly mail?: 'keep' | 'remove';
}

export interface RenamedMailOptions {
  readonly mail?: 'keep' | 'move';
}

export function removedMailOption(): Option {
  return new Option(
    '--mail <what>',
    'what becomes of the mail (default: asked on a terminal, else it is kept)',
  ).choices(['keep', 'remove']);
}

export function renamedMailOption(): Option {
  return new Option(
    '--mail <what>',
    'what becomes of the mail (default: asked on a terminal, else it is moved)',
  ).choices(['keep', 'move']);
}

/** Where mail of this host is put that is delivered to the user; undefined: nowhere. */
function placeIn({ mailboxes, route }: Config, record: UserRecord): MailboxPlace | undefined {
  if (!route.some(({ kind }) => kind === 'mailbox')) return undefined;
  const place = placeOf(mailboxes, accountOf(record).user);
  return place.kind === 'place' ? place : undefined;
}

/**
 * Where mail is put into mailboxes, a user must be able to have one.
 * @throws {CommandError} `MAILBOX_PLACE`
 */
export function refuseWithoutMailbox(config: Config, record: UserRecord): void {
  if (config.route.some(({ kind }) => kind === 'mailbox')) mailboxOfUser(config, accountOf(record).user);
}

/** A user who is new may have the name of one whose mail was kept: then the mail is told of. */
export async function tellOfFoundMail(config: Config, record: UserRecord): Promise<void> {
  const path = placeIn(config, record)?.path ?? '';
  const usage = path === '' ? undefined : await countMailbox(path).catch(mailboxFailed(path));
  if (usage === undefined || usage.messages === 0) return;
  process.stderr.write(
    `There is mail already, which ${record.user} can read now: ${path}: ${usage.messages} messages, ${sizeText(usage.bytes)}. "sluice mailbox remove ${record.user}" removes it.\n`,
  );
}

/** To be called before the user is removed. @returns what to do then */
export async function mailOfRemoved(
  config: Config,
  record: UserRecord,
  { mail }: RemovedMailOptions,
): Promise<() => Promise<void>> {
  const place = placeIn(config, record);
  const path = place?.path ?? '';
  const usage = place === undefined ? undefined : await countMailbox(path).catch(mailboxFailed(path));
  if (usage === undefined) return () => Promise.resolve();
  const what = `${path}: ${usage.messages} messages, ${sizeText(usage.bytes)}`;
  const isRemoved =
    mail === undefined
      ? process.stdin.isTTY && (await confirm(`Remove the mail of ${record.user}, too? ${what}.`))
      : mail === 'remove';
  return async () => {
    if (isRemoved) {
      await removeMailbox(path).catch(mailboxFailed(path));
      await mailWent(config, accountOf(record).user, usage);
    }
    const rest = `The mail stays (${what}). "sluice mailbox remove ${record.user}" removes it.`;
    process.stderr.write(isRemoved ? `The mail was removed (${what}).\n` : `${rest}\n`);
  };
}

/** To be called before the user is renamed. @returns what to do then */
export async function mailOfRenamed(
  config: Config,
  record: UserRecord,
  next: string,
  { mail }: RenamedMailOptions,
): Promise<() => Promise<void>> {
  const [from, to] = [placeIn(config, record), placeIn(config, { ...record, user: next })];
  const isElsewhere = from !== undefined && to !== undefined && from.path !== to.path;
  if (!isElsewhere || !(await isThere(from.path).catch(mailboxFailed(from.path))))
    return () => Promise.resolve();
  const isMoved =
    mail === undefined
      ? !process.stdin.isTTY || (await confirm(`Move the mail, too? From ${from.path} to ${to.path}.`))
      : mail === 'move';
  return async () => {
    if (isMoved) {
      await moveMailbox(from.path, to).catch(mailboxFailed(to.path));
      const usage = await countMailbox(to.path).catch(mailboxFailed(to.path));
      if (usage !== undefined) {
        await mailWent(config, accountOf(record).user, usage);
        await mailCame(config, accountOf({ ...record, user: next }).user, usage);
      }
    }
    process.stderr.write(isMoved ? `The mail is in ${to.path} now.\n` : `The mail stays in ${from.path}.\n`);
  };
}
