// What [[rewrite]] needs of other tables: the [[table]] that it names, listeners, tenants.

import type { z } from 'zod';

import { formatListenAddress, type ListenAddress } from '../../values/listen-address.ts';
import { kindOf } from './table.ts';
import { addUnknown, addUnknownListeners } from './unknown-names.ts';

/** The parts of the file that are checked, as read. */
export interface RewriteTables {
  readonly rewrite: readonly {
    readonly table?: string | undefined;
    readonly listen?: readonly string[] | undefined;
    readonly tenant?: readonly string[] | undefined;
  }[];
  readonly table: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind?: string | undefined;
  }[];
  readonly listen: readonly { readonly address: ListenAddress }[];
  readonly tenant: readonly { readonly name: string }[];
}

/** Kinds of tables that have a text for each key. */
const withValues: ReadonlySet<string> = new Set(['key-value', 'cdb', 'sqlite']);

export function checkRewrites(
  { rewrite, table, listen, tenant }: RewriteTables,
  context: z.RefinementCtx,
): void {
  const listeners = listen.map(({ address }) => formatListenAddress(address));
  const tenants = tenant.map(({ name }) => name);
  const tables = table.map(({ name }) => name);
  for (const [index, each] of rewrite.entries()) {
    addUnknownListeners(listeners, each.listen, ['rewrite', index], context);
    for (const [at, name] of (each.tenant ?? []).entries()) {
      if (!tenants.includes(name))
        addUnknown('tenant', name, tenants, ['rewrite', index, 'tenant', at], context);
    }
    if (each.table === undefined) continue;
    const path = ['rewrite', index, 'table'];
    const found = table.find(({ name }) => name === each.table);
    const kind = found === undefined ? undefined : (found.kind ?? kindOf(found.path));
    if (found === undefined) addUnknown('table', each.table, tables, path, context);
    else if (kind !== undefined && !withValues.has(kind)) {
      const message = `the table "${each.table}" is of kind "${kind}", which has no new addresses for old ones; use one of kind "key-value", "cdb" or "sqlite"`;
      context.addIssue({ code: 'custom', message, path });
    }
  }
}
