// Tables of rules of given text, for tests.

import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { RuleSet } from '../../../src/table/rules/rule-set.ts';
import { readTable } from '../../../src/table/read-table.ts';
import type { Contents } from '../../../src/table/contents.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** Reads rules as the running Sluice does. */
export async function readRules(
  t: TestContext,
  text: string | Buffer,
  kind: 'rules' | 'tcprules' = 'rules',
  ending = 'text',
): Promise<Contents & { readonly rules: RuleSet }> {
  const folder = temporaryFolder(t, 'rules');
  const path = `${folder.path}/clients.${ending}`;
  writeFileSync(path, text);
  const contents = await readTable({ name: 'clients', path, kind });
  const { rules } = contents;
  if (rules === undefined) throw new Error('The table has no rules.');
  return { ...contents, rules };
}
