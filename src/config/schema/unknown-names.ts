// Problems for names in one table of the file that should be those of another: of tables, tenants, routes, listeners.

import type { z } from 'zod';

import { closest } from '../../values/closest.ts';

/**
 * Adds a problem for each listener that is not there.
 * @param addresses - of the listeners that there are
 * @param path - of the table that names them
 */
export function addUnknownListeners(
  addresses: readonly string[],
  wanted: readonly string[] | undefined,
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  for (const [at, address] of (wanted ?? []).entries()) {
    if (addresses.includes(address)) continue;
    const message = `there is no [[listen]] with this address; there are ${addresses.join(', ')}`;
    context.addIssue({ code: 'custom', message, path: [...path, 'listen', at] });
  }
}

/** Adds a problem for a name that no table of the file has. @param names - that there are */
export function addUnknown(
  table: 'table' | 'tenant' | 'credential' | 'route' | 'stage',
  name: string,
  names: readonly string[],
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  let message = `there is no [[${table}]] with the name ${JSON.stringify(name)}`;
  if (closest(name, names) === undefined) {
    message +=
      names.length === 0 ? `; no [[${table}]] is configured` : `; there are ${names.slice(0, 20).join(', ')}`;
  }
  context.addIssue({ code: 'custom', message, path, params: { words: names } });
}
