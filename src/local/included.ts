// Files with further addresses (`:include:/path`): they have addresses alone, as in Postfix, since others than the user may write them.
// Promise: files that include each other, and have no addresses, are a fault, so that mail is not lost in them.

import { deadEnd } from '../instructions/dead-end.ts';
import { instructionOf, splitEntries } from '../instructions/entries.ts';
import { type Fault, fault, type Instruction, type Step } from '../instructions/types.ts';
import { readUserFile } from './user-file.ts';

/** Files that are read for one message, however they name each other. */
const mostFiles = 20;

/** @param own - the user's mailbox */
export async function withIncluded(
  list: readonly Instruction[],
  own: Step,
  domain: string,
): Promise<readonly Step[] | Fault> {
  const steps: Step[] = [];
  const paths: string[] = [];
  for (const one of list) {
    if (one.kind === 'include') paths.push(one.path);
    else steps.push(one.kind === 'own-mailbox' ? own : one);
  }
  const leadsTo = new Map<string, string[]>();
  const ends = new Set<string>();
  for (const [index, path] of paths.entries()) {
    if (index >= mostFiles) return fault('4.2.1', `more than ${mostFiles} files are included`);
    const file = await readUserFile(path);
    if (file === undefined) return fault('4.2.1', `the file ${path}, which is included, is not there`);
    if (file.kind === 'fault') return file;
    const entries = splitEntries(file.text);
    if ('kind' in entries) return { ...entries, text: `${path}: ${entries.text}` };
    const others: string[] = [];
    leadsTo.set(path, others);
    // Members of a list may all have left it.
    if (entries.length === 0) ends.add(path);
    for (const entry of entries) {
      const one = instructionOf(entry, domain, () => false);
      if (one.kind === 'fault') return { ...one, text: `${path}: ${one.text}` };
      if (one.kind === 'include') {
        if (!paths.includes(one.path)) paths.push(one.path);
        others.push(one.path);
      } else if (one.kind === 'forward') {
        steps.push(one);
        ends.add(path);
      } else return fault('4.2.1', `${path}: a file that is included has addresses alone`);
    }
  }
  const way = deadEnd(leadsTo, ends);
  if (way !== undefined) return fault('4.2.1', `included files lead to no address: ${way.join(' -> ')}`);
  return steps;
}
