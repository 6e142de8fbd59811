// Files with further addresses (`:include:/path`): they have addresses alone, as in Postfix, since others than the user may write them.

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
  for (const [index, path] of paths.entries()) {
    if (index >= mostFiles) return fault('4.2.1', `more than ${mostFiles} files are included`);
    const file = await readUserFile(path);
    if (file === undefined) return fault('4.2.1', `the file ${path}, which is included, is not there`);
    if (file.kind === 'fault') return file;
    const entries = splitEntries(file.text);
    if ('kind' in entries) return { ...entries, text: `${path}: ${entries.text}` };
    for (const entry of entries) {
      const one = instructionOf(entry, domain, () => false);
      if (one.kind === 'fault') return { ...one, text: `${path}: ${one.text}` };
      if (one.kind === 'include') {
        if (!paths.includes(one.path)) paths.push(one.path);
      } else if (one.kind === 'forward') steps.push(one);
      else return fault('4.2.1', `${path}: a file that is included has addresses alone`);
    }
  }
  return steps;
}
