// The Unix-domain socket on which the keys process listens for receivers and the control process. It is in a folder of its own, where only the
// keys process can make one: whoever could make a socket of this name would be told the passwords of all who log in.

import { join } from 'node:path';

/** The folder of the spool that belongs to the keys process. */
export function keysFolder(spool: string): string {
  return join(spool, 'keys');
}

export function keysSocketPath(spool: string): string {
  return join(keysFolder(spool), 'keys.sock');
}
