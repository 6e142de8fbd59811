// Delivers one message as a user of the system: looks at the home and the file of the user, and carries out what stands there.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SystemJob, SystemOnward, SystemReport } from '../deliver/system/job.ts';
import { mostForwards, ownVerp } from '../deliver/system/job.ts';
import { deliveredToLine, mboxFromLine, returnPathLine } from '../deliver/pipe/pipe-values.ts';
import { carryOut, type Doer } from '../instructions/carry-out.ts';
import { ownerNames, senderOfForwards } from '../instructions/qmail-names.ts';
import { type Fault, fault, type Instruction } from '../instructions/types.ts';
import { MaildirWriter } from '../mailbox/maildir/writer.ts';
import { mboxLines } from '../mailbox/mbox/mbox-lines.ts';
import { addToMbox } from '../mailbox/mbox/user-mbox.ts';
import { findSteps, type FoundSteps } from './find-instructions.ts';
import { withIncluded } from './included.ts';
import { addressParts, jobEnvironment } from './job-environment.ts';
import { ProgramInputs, withFields } from './message-input.ts';
import { homeFault, isThere } from './user-file.ts';
import { runUserProgram } from './user-programs.ts';

/** @param uid - of this process */
export async function deliverJob(job: SystemJob, uid: number, signal: AbortSignal): Promise<SystemReport> {
  if (job.alias !== undefined) return deliverAlias(job, job.alias, signal);
  const wrong = await homeFault(job.home, uid);
  if (wrong !== undefined) return wrong;
  const { local, domain } = addressParts(job.facts.recipient);
  const found = await findSteps(job, domain, uid);
  if (found.kind === 'fault') return found;
  const onward = await onwardSender(job, local, domain);
  return 'kind' in onward ? onward : carryOutSteps(job, found, onward, signal);
}

/** What an alias names needs no home. */
async function deliverAlias(
  job: SystemJob,
  alias: readonly Instruction[],
  signal: AbortSignal,
): Promise<SystemReport> {
  const { domain } = addressParts(job.facts.recipient);
  const steps = await withIncluded(alias, { kind: 'mbox', path: job.mailbox }, domain);
  // The file is the administrator's: a mistake of our own (RFC 3463 3.4).
  if ('kind' in steps) return steps.status === '4.2.1' ? fault('4.3.5', steps.text) : steps;
  const { sender } = job.facts;
  const home = existsSync(job.home) ? job.home : '/';
  const found = { kind: 'steps', steps } as const;
  return carryOutSteps(
    { ...job, home, instructions: 'forward' },
    found,
    { sender: { reversePath: sender }, newSender: sender },
    signal,
  );
}

interface OnwardSender {
  readonly sender: Pick<SystemOnward, 'reversePath' | 'verp'>;
  /** As qmail-command(8) has it. */
  readonly newSender: string;
}

async function carryOutSteps(
  job: SystemJob,
  { steps, matched }: FoundSteps,
  { sender, newSender }: OnwardSender,
  signal: AbortSignal,
): Promise<SystemReport> {
  const codes = job.instructions === 'qmail' ? 'qmail' : 'sysexits';
  const untilMs = performance.now() + job.limits.timeMs;
  const surroundings = {
    inputs: new ProgramInputs(job.instructions === 'qmail' ? '' : mboxFields(job)),
    environment: jobEnvironment(job, newSender, matched),
    folder: job.home,
    limits: job.limits,
    untilMs,
    signal,
  };
  const doer: Doer = {
    program: (command) => runUserProgram(command, surroundings),
    file: (kind, path) => intoFile(job, kind, path),
  };
  try {
    const end = await carryOut(steps, codes, doer);
    if (end.kind === 'fault') return end;
    if (end.forwards.length > mostForwards)
      return fault('4.2.1', `the mail would go to more than ${mostForwards} addresses`);
    if (end.forwards.length === 0) return { kind: 'done', did: end.did };
    return { kind: 'done', did: end.did, onward: { ...sender, recipients: end.forwards } };
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    // RFC 3463 3.4: mail system full.
    return fault(code === 'ENOSPC' || code === 'EDQUOT' ? '4.3.1' : '4.3.0', error.message);
  }
}

async function intoFile(job: SystemJob, kind: 'maildir' | 'mbox', path: string): Promise<void> {
  const absolute = join(path.startsWith('/') ? '/' : job.home, path);
  if (kind === 'mbox') {
    await addToMbox(absolute, joined(mboxFromLine(job.facts), mboxLines(withFields(deliveryFields(job)))));
    return;
  }
  const folder = absolute.replace(/\/+$/, '');
  const base = folder.startsWith(`${job.home}/`) ? job.home : dirname(folder);
  await new MaildirWriter().add(
    { folder, base, followsLinks: true },
    withFields(deliveryFields(job)),
    Date.now(),
  );
}

async function* joined(first: string, others: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield Buffer.from(first);
  yield* others;
}

/** RFC 5321 4.4: the agent of the last delivery adds Return-Path. By Delivered-To, mail that goes round is found. */
function deliveryFields({ facts }: SystemJob): string {
  const { recipient, originalRecipient } = facts;
  const originalTo = originalRecipient === recipient ? '' : `X-Original-To: ${originalRecipient}\n`;
  return `${returnPathLine(facts)}${originalTo}${deliveredToLine(facts)}`;
}

/** In front of what programs of a .forward file read, as Postfix and Sendmail have it. */
function mboxFields(job: SystemJob): string {
  return `${mboxFromLine(job.facts)}${deliveryFields(job)}`;
}

async function onwardSender(
  { home, facts, instructions, separator, extension }: SystemJob,
  local: string,
  domain: string,
): Promise<OnwardSender | Fault> {
  const { sender } = facts;
  if (instructions !== 'qmail') return { sender: { reversePath: sender }, newSender: sender };
  const names = ownerNames(separator === '' ? '' : '-', extension);
  const owner = await isThere(join(home, names.owner));
  if (typeof owner !== 'boolean') return owner;
  const verp = owner && (await isThere(join(home, names.verp)));
  if (typeof verp !== 'boolean') return verp;
  const mailbox = { local, domain };
  const newSender = senderOfForwards(sender, mailbox, { owner, verp });
  const reversePath = senderOfForwards(sender, mailbox, { owner, verp: false });
  const isVerp = verp && newSender !== sender;
  return { sender: { reversePath, ...(isVerp && { verp: ownVerp }) }, newSender };
}
