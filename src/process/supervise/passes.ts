// Which passes a process gets from the supervisor (`channel/pass.ts`): two processes are asked by others and have the key of all
// passes to them, and each other process proves to them what it is.

import type { RoleStart } from '../../channel/messages.ts';
import { passOf } from '../../channel/pass.ts';
import type { Child } from './child.ts';

/**
 * @param managerKey - of passes to the manager
 * @param keysKey - of passes to the keys process
 */
export function passesOf(
  { name: role, index, serial }: Pick<Child, 'name' | 'index' | 'serial'>,
  managerKey: string,
  keysKey: string,
): Pick<RoleStart, 'pass' | 'keysPass'> {
  if (role === 'keys') return { pass: keysKey };
  const keysPass = { keysPass: passOf(keysKey, { role, index, serial }) };
  if (role === 'manager') return { pass: managerKey, ...keysPass };
  const pass = passOf(managerKey, { role, index, serial });
  return { pass, ...keysPass };
}
