// What `sluice explain` says of mail for a mailbox of this host: what its aliases stand for, whose mailbox it is, and whether the user has the mail
// forwarded or answered. Aliases are read as whoever runs the command may; of users, the running Sluice tells.

import type { Config } from '../config/config.ts';
import { expandAlias, type ExpandedAlias } from '../deliver/mailbox/expand-alias.ts';
import { findMailbox } from '../deliver/mailbox/find-mailbox.ts';
import { userForward } from '../deliver/mailbox/onward-mails.ts';
import type { UserFinder } from '../deliver/mailbox/user-lookups.ts';
import { isAnswering } from '../directory/autoreply-dates.ts';
import type { User } from '../directory/types.ts';
import { placeOf } from '../mailbox/mailbox-place.ts';
import { readTable } from '../table/read-table.ts';
import { allFailing } from '../table/table.ts';
import { TableError } from '../table/table-error.ts';

/** Addresses of an alias whose mailboxes are looked at. */
const mostShown = 20;

/** Whom mail reaches, for one address. */
export interface ExplainedMailbox {
  readonly address: string;
  /** Undefined: it is none of the directory here; mail goes on by the route of its domain. */
  readonly user?: string | undefined;
  /** The Maildir; undefined where mail is put into none. */
  readonly mailbox?: string | undefined;
  /** Behind the separator of the address: a folder may have this name. */
  readonly extension?: string | undefined;
  readonly forward?: readonly string[] | undefined;
  /** Mail is answered now. */
  readonly autoreply?: string | undefined;
  /** Why nobody can tell, or why mail waits. */
  readonly problem?: string | undefined;
}

export interface ExplainedMailboxes {
  /** Of an alias: whom it stands for, and who hears of what becomes of their mail. */
  readonly alias?: readonly { readonly owner?: string | undefined; readonly addresses: readonly string[] }[];
  /** Why mail of the alias waits. */
  readonly problem?: string | undefined;
  readonly mailboxes: readonly ExplainedMailbox[];
  /** Further addresses of the alias, which were not looked at. */
  readonly more: number;
}

type Settings = Pick<Config, 'mailboxes' | 'table'>;

/** @param nowMs - Unix ms */
export async function explainMailboxes(
  config: Settings,
  users: UserFinder,
  address: string,
  nowMs: number,
): Promise<ExplainedMailboxes> {
  const expanded = await expandedBy(config, users, address);
  if (expanded.kind === 'fault') return { problem: expanded.why, mailboxes: [], more: 0 };
  const isMailbox = expanded.kind === 'none' || expanded.hasMailbox;
  const groups = expanded.kind === 'alias' ? expanded.groups : [];
  const all = [...(isMailbox ? [address] : []), ...groups.flatMap(({ addresses }) => addresses)];
  const mailboxes: ExplainedMailbox[] = [];
  for (const each of all.slice(0, mostShown)) mailboxes.push(await mailboxOf(config, users, each, nowMs));
  return {
    ...(expanded.kind === 'alias' && {
      alias: [...(isMailbox ? [{ addresses: [address] }] : []), ...groups],
    }),
    mailboxes,
    more: Math.max(0, all.length - mostShown),
  };
}

async function expandedBy(
  { mailboxes, table: tables }: Settings,
  users: UserFinder,
  address: string,
): Promise<ExpandedAlias> {
  const { aliases: table, separators } = mailboxes;
  const settings = tables.find(({ name }) => name === table);
  if (table === undefined || settings === undefined) return { kind: 'none' };
  try {
    const contents = await readTable(settings);
    try {
      const lookup = async (_: string, keys: readonly string[]) =>
        Promise.resolve(contents.lookup(keys)).catch((error: unknown) => allFailing(keys, String(error)));
      return await expandAlias({ tables: { lookup }, table, users, separators }, address);
    } finally {
      await contents.close();
    }
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return { kind: 'fault', status: '4.3.0', why: error.message };
  }
}

async function mailboxOf(
  { mailboxes }: Settings,
  users: UserFinder,
  address: string,
  nowMs: number,
): Promise<ExplainedMailbox> {
  const found = await findMailbox(users, address, mailboxes.separators);
  if (found.kind === 'failing') return { address, problem: found.reason };
  if (found.kind === 'absent') return { address };
  const { user, extension } = found;
  const { mail, keepsCopy } = userForward(user, address, '');
  const place = placeOf(mailboxes, user);
  return {
    address,
    user: user.address,
    ...(keepsCopy && (place.kind === 'place' ? { mailbox: place.path } : { problem: place.why })),
    ...(extension !== '' && { extension }),
    ...(mail !== undefined && { forward: mail.recipients }),
    ...answerOf(user, nowMs),
  };
}

function answerOf({ autoreply }: User, nowMs: number): Pick<ExplainedMailbox, 'autoreply'> {
  return autoreply !== undefined && isAnswering(autoreply, nowMs) ? { autoreply: autoreply.text } : {};
}

/** Lines with a heading of ten characters, as those of `explainText`. @param address - that was asked about */
export function mailboxesText(
  { alias = [], problem, mailboxes, more }: ExplainedMailboxes,
  address: string,
): string {
  const lines: string[] = [];
  if (problem !== undefined) lines.push(line('Alias', `mail waits: ${problem}`));
  for (const { owner, addresses } of alias)
    lines.push(
      line('Alias', `for ${addresses.join(', ')}${owner === undefined ? '' : `; reports go to ${owner}`}`),
    );
  for (const each of mailboxes) lines.push(...linesOf(each, address));
  if (more > 0) lines.push(line('', `${more} more addresses, which are not shown`));
  return lines.map((each) => `${each}\n`).join('');
}

function linesOf(mailbox: ExplainedMailbox, asked: string): string[] {
  const { address, user, mailbox: path, extension, forward, autoreply, problem } = mailbox;
  const who = user ?? address;
  if (user === undefined && problem === undefined)
    return address === asked
      ? [line('Mailbox', `none: nobody has the address ${address}, so mail goes back (5.1.1)`)]
      : [line('Goes on', `to ${address}, by the route of its domain`)];
  const folder = extension === undefined ? '' : `; the address adds "${extension}"`;
  return [
    ...(problem === undefined ? [] : [line('Mailbox', `of ${who}: mail waits: ${problem}`)]),
    ...(path === undefined ? [] : [line('Mailbox', `of ${who}: ${path}${folder}`)]),
    ...(forward === undefined
      ? []
      : [
          line(
            'Forward',
            `of ${who}: to ${forward.join(', ')}${path === undefined ? '' : ', beside the mailbox'}`,
          ),
        ]),
    ...(autoreply === undefined ? [] : [line('Answer', `of ${who}: ${firstWords(autoreply)}`)]),
  ];
}

function line(heading: string, text: string): string {
  return `${heading.padEnd(10)} ${text}`;
}

function firstWords(text: string): string {
  const whole = text.replaceAll(/\s+/gu, ' ');
  return whole.length <= 80 ? whole : `${whole.slice(0, 77)}...`;
}
