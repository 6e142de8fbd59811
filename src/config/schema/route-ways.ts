// The keys of a [[route]] whose mail stays on this host: pipe, archive, redirect and hold.

import { z } from 'zod';

import { commandFault } from '../../values/pipe-command.ts';
import { ValueError } from '../../values/value-error.ts';
import {
  duration,
  expected,
  key,
  listOf,
  oneOf,
  size,
  tableOf,
  textOf,
  wholeNumber,
  yesNo,
} from './fields.ts';
import { mailbox } from './texts.ts';

const minuteMs = 60_000;

/** Targets of a route. */
export const wayTargets = ['pipe', 'archive', 'mailbox', 'local', 'redirect', 'hold'] as const;

/** Targets with `at_once`. */
const atOnceTargets = ['pipe', 'archive', 'mailbox', 'local', 'redirect'] as const;

/** Keys that stand beside one target alone. */
const pipeKeys = ['as', 'pipe_time', 'memory', 'output', 'exit_codes', 'trace_fields', 'mbox_from'] as const;

function absolutePath(text: string): string {
  if (!text.startsWith('/') || text.includes('\0')) throw new ValueError('must be an absolute path');
  return text;
}

/** `user`, or `user:group`. */
function userAndGroup(text: string): { readonly user: string; readonly group?: string } {
  const [user = '', group, ...more] = text.split(':');
  const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/.test(name);
  if (more.length > 0 || !isName(user) || (group !== undefined && !isName(group)))
    throw new ValueError(`"${text}" is neither a user nor user:group`);
  if (user === 'root' || group === 'root')
    throw new ValueError('must not be root: a program that gets mail from strangers is no program for root');
  return group === undefined ? { user } : { user, group };
}

/** The keys; exactly one of the targets, beside those of other routes, is given. */
export const routeWays = {
  pipe: key(
    listOf(z.string({ error: expected('a text') }), 'texts such as ["/usr/bin/procmail", "-d", "${user}"]')
      .min(1, 'must name a program')
      .optional(),
    'Hand the mail to this program, on its standard input, one recipient a run: its absolute path, and its arguments. No shell reads them. In an argument, ${recipient}, ${user}, ${extension}, ${mailbox}, ${domain}, ${original_recipient}, ${sender}, ${queue_id} and ${size} stand for facts of the mail.',
    { example: '["/usr/bin/procmail", "-d", "${user}"]' },
  ),
  as: key(
    textOf('a user such as "vmail", or "user:group"', userAndGroup).optional(),
    'For pipe: the user that the program runs as, and the group if it is not that of the user. Another user than the own one needs a Sluice that root has started.',
    { defaultText: 'the user of the sender processes', example: '"vmail:mail"' },
  ),
  pipe_time: key(
    duration(1_000, 24 * 60 * minuteMs).optional(),
    'For pipe: how long a run may take. After that the program is ended, with all that it has started, and the mail is tried again later.',
    { defaultText: '"5m"', example: '"1m"' },
  ),
  memory: key(
    size(1024 * 1024, 2 ** 45).optional(),
    'For pipe: how much memory (address space) each process of the program may have. It needs the program prlimit of util-linux.',
    { defaultText: 'no limit', example: '"256MiB"' },
  ),
  output: key(
    size(0, 1024 * 1024).optional(),
    'For pipe: how much the program may print. If it prints more, it is ended, and the mail is tried again later.',
    { defaultText: '"64KiB"', example: '"16KiB"' },
  ),
  exit_codes: key(
    oneOf(['sysexits', 'qmail']).optional(),
    'For pipe: what the exit codes of the program mean: "sysexits" as in sysexits.h, "qmail" as in qmail-command(8). 0 is always: delivered.',
    { defaultText: '"sysexits"', example: '"qmail"' },
  ),
  trace_fields: key(
    yesNo().optional(),
    'For pipe: put Return-Path, X-Original-To and Delivered-To in front of the message. By Delivered-To Sluice finds mail that goes round in a loop.',
    { defaultText: 'true', example: 'false' },
  ),
  mbox_from: key(
    yesNo().optional(),
    'For pipe: begin the message with a line "From SENDER DATE", as it stands in an mbox.',
    { defaultText: 'false', example: 'true' },
  ),
  archive: key(
    tableOf({
      maildir: key(
        textOf('an absolute path', absolutePath).optional(),
        'A Maildir; it is made if it is not there.',
        { example: '"/var/archive/mail"' },
      ),
      file: key(
        textOf('an absolute path', absolutePath).optional(),
        'A file in the format mboxrd. With rotate or size, dates and numbers are added to its name.',
        { example: '"/var/archive/all.mbox"' },
      ),
      rotate: key(
        oneOf(['never', 'hourly', 'daily', 'monthly']).optional(),
        'For file: when the next file begins, by UTC.',
        { defaultText: '"never"', example: '"daily"' },
      ),
      size: key(
        size(1024 * 1024, 2 ** 45).optional(),
        'For file: when the file has reached this size, the next one begins.',
        { defaultText: 'no limit', example: '"1GiB"' },
      ),
    }).optional(),
    'Keep the mail in files of this host: { maildir = "/path" } or { file = "/path" }. A message counts as delivered when it is on stable storage.',
    { example: '{ maildir = "/var/archive/mail" }' },
  ),
  mailbox: key(
    z.literal(true, { error: expected('true') }).optional(),
    'Deliver the mail into the mailboxes of the users of the directory, which [mailboxes] describes. A recipient who is no user is refused at RCPT, unless a [[recipients]] names the domain.',
    { example: 'true' },
  ),
  local: key(
    z.literal(true, { error: expected('true') }).optional(),
    'Deliver the mail to users of the system, each as this user, by aliases and by the files of the user; [local] says how. Only a Sluice that root has started can do that. A recipient who is no user is refused at RCPT, unless a [[recipients]] names the domain.',
    { example: 'true' },
  ),
  redirect: key(
    listOf(textOf('a mail address', mailbox), 'addresses such as ["other@example.org"]')
      .min(1, 'must name one address at least')
      .max(100, 'must not name more than 100 addresses')
      .optional(),
    'The mail goes to these addresses instead of its recipient. Mail that comes by here a second time goes back to its sender.',
    { example: '["other@example.org"]' },
  ),
  hold: key(
    textOf('a reason on one line', (text): string => {
      if (!/^\P{Cc}{1,200}$/u.test(text)) throw new ValueError('must be 1 to 200 characters on one line');
      return text;
    }).optional(),
    'The mail waits, for this reason, until the route is changed or the mail is sent by another one. Its lifetime goes on.',
    { example: '"until the new mailbox server is there"' },
  ),
  at_once: key(
    wholeNumber(1, 10_000).optional(),
    'For pipe, archive, mailbox, local and redirect: how many runs there may be at the same time. All local work together is limited by max_local in [deliver].',
    { defaultText: '10; 32 for mailboxes; 20 for local; 1 for an archive in a file', example: '4' },
  ),
};

type WayKeys = z.output<ReturnType<typeof shapeOf>>;

function shapeOf() {
  return tableOf(routeWays);
}

/** Finds keys that do not fit together. */
export function refuseWays(value: WayKeys, context: z.RefinementCtx): void {
  const refuse = (message: string, ...path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (value.pipe === undefined) {
    for (const name of pipeKeys) if (value[name] !== undefined) refuse('is only for pipe', name);
  } else {
    const fault = commandFault(value.pipe);
    if (fault !== undefined) refuse(fault.text, 'pipe', fault.at);
  }
  const { archive } = value;
  if (value.at_once !== undefined) {
    if (atOnceTargets.every((target) => value[target] === undefined))
      refuse('is only for pipe, archive, mailbox, local and redirect', 'at_once');
    if (archive?.file !== undefined && value.at_once !== 1)
      refuse('must be 1 or left out: one process at a time writes to the file of an archive', 'at_once');
  }
  if (archive === undefined) return;
  if ((archive.maildir === undefined) === (archive.file === undefined))
    refuse('needs one of maildir and file', 'archive');
  for (const name of ['rotate', 'size'] as const)
    if (archive[name] !== undefined && archive.file === undefined)
      refuse('is only for file', 'archive', name);
}
