// [provisioning]: the table that says what is special about domains.

import type { z } from 'zod';

import { key, tableOf, textOf } from './fields.ts';
import { tableName } from './texts.ts';
import { kindOf, patternKinds, ruleKinds } from './table.ts';
import { addUnknown } from './unknown-names.ts';

export const provisioning = tableOf({
  table: key(
    textOf('the name of a [[table]]', tableName).optional(),
    'The [[table]] that says what is special about domains. Its keys are domains, and "*.example.com" for all below one; its values are words such as queue=news state=dormant. It is followed: a change is in force a second or two later, for mail that waits as well. docs/provisioning.md has the words and the states.',
    { defaultText: 'none', example: '"domains"' },
  ),
});

export interface ProvisioningTables {
  readonly provisioning: { readonly table?: string | undefined };
  readonly table: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind?: string | undefined;
  }[];
}

/** Kinds without values, or whose keys are no domains. */
const unfit: ReadonlySet<string> = new Set(['list', 'passwd', 'smtproutes', ...patternKinds, ...ruleKinds]);

export function checkProvisioning(
  { provisioning: { table: name }, table: tables }: ProvisioningTables,
  context: z.RefinementCtx,
): void {
  if (name === undefined) return;
  const path = ['provisioning', 'table'];
  const table = tables.find((each) => each.name === name);
  if (table === undefined) {
    addUnknown(
      'table',
      name,
      tables.map((each) => each.name),
      path,
      context,
    );
    return;
  }
  const kind = table.kind ?? kindOf(table.path);
  if (kind === undefined || !unfit.has(kind)) return;
  context.addIssue({
    code: 'custom',
    message: `must name a table of keys and values; "${name}" is of kind "${kind}". Use "key-value", "aliases", "postmap", "cdb" or "sqlite"`,
    path,
  });
}
