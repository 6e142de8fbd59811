// What is wrong with the sources of recipients now, for `sluice check`: programs that cannot be run, and in files control/recipients lines that
// nobody understands and databases that are missing.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { ownProgramFault } from '../config/check/program-fault.ts';
import type { Config, RecipientsConfig } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { type ControlAsked, parseRecipientsControl } from '../policy/recipients/control-file.ts';
import { readTable } from '../table/read-table.ts';
import { TableError } from '../table/table-error.ts';

export async function recipientProblems({
  recipients,
}: Pick<Config, 'recipients'>): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  for (const [index, settings] of recipients.entries()) {
    for (const message of await controlProblems(settings))
      found.push({ path: ['recipients', index, 'control'], message });
    const message = settings.program && programProblem(settings.program);
    if (message !== undefined) found.push({ path: ['recipients', index, 'program'], message });
  }
  return found;
}

async function controlProblems({ control, home = '' }: RecipientsConfig): Promise<readonly string[]> {
  if (control === undefined) return [];
  let lines;
  try {
    lines = parseRecipientsControl(await readFile(control, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [`${control} cannot be used, so that recipients are answered with temporary errors: ${reason}`];
  }
  const problems: string[] = [];
  for (const line of lines) {
    const problem = 'asked' in line ? await problemOf(line.asked, home) : undefined;
    if (problem !== undefined) problems.push(`${control}, line ${line.number}: ${problem}`);
  }
  return problems;
}

/** Undefined: there is none. */
async function problemOf(asked: ControlAsked, home: string): Promise<string | undefined> {
  if (asked.kind === 'cdb') return cdbProblem(resolve(home, asked.path));
  const [program = ''] = asked.command;
  // One without a path is looked for in PATH when it is run.
  if (!program.includes('/')) return undefined;
  return ownProgramFault(resolve(home, program))?.reason;
}

function programProblem([program = '']: readonly string[]): string | undefined {
  const fault = ownProgramFault(program);
  if (fault?.isFatal !== true) return fault?.reason;
  return `${fault.reason}, so that recipients are answered with temporary errors`;
}

async function cdbProblem(path: string): Promise<string | undefined> {
  try {
    const contents = await readTable({ name: path, path, kind: 'cdb' });
    await contents.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return `${error.message} ${error.advice}`.trim();
  }
}
