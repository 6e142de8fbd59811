// The sockets of the service manager in a receiver process. Each can be taken once: what is closed cannot be opened again here.

import type { GivenSocket } from '../../channel/messages.ts';
import { StartError } from '../../errors/start-error.ts';
import type { TakeSocket } from '../../receive/bind.ts';
import { formatListenAddress } from '../../values/listen-address.ts';
import { findHanded } from '../service/handed-sockets.ts';

/** @param sockets - with the descriptors that they have in this process */
export function takeFrom(sockets: readonly GivenSocket[]): TakeSocket {
  const taken = new Set<GivenSocket>();
  return (address, socketName) => {
    const found = findHanded(sockets, { address, ...(socketName !== undefined && { socketName }) });
    if (found === undefined) return undefined;
    if (taken.has(found)) {
      throw new StartError(
        'LISTEN_FAILED',
        `Listening on ${formatListenAddress(address)}: the socket that the service manager handed over was closed when this listener was taken out of the configuration.`,
        'Restart Sluice: then the service manager hands it over again.',
      );
    }
    taken.add(found);
    return found.fd;
  };
}
