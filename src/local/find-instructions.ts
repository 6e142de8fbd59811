// Which instructions hold for the mail of a job: those of the file that its address leads to, with the user's own mailbox where a file says nothing.

import { join } from 'node:path';
import type { SystemJob } from '../deliver/system/job.ts';
import { forwardNames, parseForwardFile } from '../instructions/forward-file.ts';
import { parseQmailFile } from '../instructions/qmail-file.ts';
import { isPossibleName, qmailNames } from '../instructions/qmail-names.ts';
import { type Fault, fault, type Instructions, type Step } from '../instructions/types.ts';
import { withIncluded } from './included.ts';
import { readUserFile } from './user-file.ts';

export interface FoundSteps {
  readonly kind: 'steps';
  readonly steps: readonly Step[];
  /** What of the extension the word `default` in the file's name stands for; undefined: the name is a whole one. */
  readonly matched?: string | undefined;
}

/** @param uid - of the user, whose the files must be */
export async function findSteps(job: SystemJob, domain: string, uid: number): Promise<FoundSteps | Fault> {
  const found =
    job.instructions === 'qmail' ? await qmail(job, domain, uid) : await forward(job, domain, uid);
  if (found.kind === 'fault') return found;
  const steps = await stepsOf(found.instructions, found.path, job, domain);
  return 'kind' in steps ? steps : { kind: 'steps', steps, matched: found.matched };
}

interface Found {
  readonly kind: 'found';
  readonly instructions: Instructions;
  readonly path: string;
  readonly matched?: string | undefined;
}

async function qmail(
  { home, separator, extension }: SystemJob,
  domain: string,
  uid: number,
): Promise<Found | Fault> {
  const dash = separator === '' ? '' : '-';
  for (const { name, matched } of qmailNames(dash, extension)) {
    if (!isPossibleName(name)) continue;
    const path = join(home, name);
    const file = await readUserFile(path, uid);
    if (file === undefined) continue;
    if (file.kind === 'fault') return file;
    return {
      kind: 'found',
      instructions: parseQmailFile(file.text, file.isExecutable, domain),
      path,
      matched,
    };
  }
  if (dash !== '') return fault('5.1.1', 'there is no such mailbox here');
  return { kind: 'found', instructions: { kind: 'usual' }, path: home };
}

async function forward(
  { home, separator, extension, user }: SystemJob,
  domain: string,
  uid: number,
): Promise<Found | Fault> {
  for (const name of forwardNames(separator, extension)) {
    if (!isPossibleName(name)) continue;
    const path = join(home, name);
    const file = await readUserFile(path, uid);
    if (file === undefined) continue;
    if (file.kind === 'fault') return file;
    return { kind: 'found', instructions: parseForwardFile(file.text, { user, domain }), path };
  }
  return { kind: 'found', instructions: { kind: 'usual' }, path: home };
}

async function stepsOf(
  instructions: Instructions,
  path: string,
  job: SystemJob,
  domain: string,
): Promise<readonly Step[] | Fault> {
  if (instructions.kind === 'fault') return { ...instructions, text: `${path}: ${instructions.text}` };
  const own = ownMailbox(job);
  if (instructions.kind === 'usual') return [own];
  const steps = await withIncluded(instructions.list, own, domain);
  if ('kind' in steps || steps.length > 0 || instructions.list.length === 0) return steps;
  return fault('4.2.1', `${path}: the files that it includes have no address`);
}

function ownMailbox({ mailbox, user }: SystemJob): Step {
  const path = mailbox.replaceAll('${user}', user);
  return { kind: path.endsWith('/') ? 'maildir' : 'mbox', path };
}
