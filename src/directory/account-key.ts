// The form in which the directory keeps and looks up addresses.

import { tableKey } from '../table/table-key.ts';

/**
 * As keys of tables are, and without a final dot of the domain, as in mail (`normalizeDomain`): else `joe@example.com.` would be somebody
 * else, whose failed log-ins are counted anew.
 * @param text - an address, or `@` and a domain; a name without either stays what it is
 */
export function accountKey(text: string): string {
  const key = tableKey(text);
  return key.endsWith('.') && key.includes('@') ? key.slice(0, -1) : key;
}
