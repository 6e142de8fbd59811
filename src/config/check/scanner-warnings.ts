// Warns of a scanner of some tenants that may hold up mail of the others: while it is dead, sessions that wait for it could take all connections
// of a listener.

import { formatListenAddress } from '../../values/listen-address.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

export function scannerWarnings({ stage, listen, receive, processes }: Config): ConfigWarning[] {
  const receivers = processes.singleProcess ? 1 : processes.receivers;
  return stage.flatMap((each, index) => {
    if (each.tenant === undefined || !('connections' in each) || !('waiting' in each)) return [];
    const { name, connections, waiting, listen: wanted } = each;
    const sessions = (connections + waiting) * receivers;
    const full = listen.find(
      ({ address, receive: own }) =>
        wanted?.includes(formatListenAddress(address)) !== false &&
        sessions >= (own.maxConnections ?? receive.maxConnections),
    );
    if (full === undefined) return [];
    const most = full.receive.maxConnections ?? receive.maxConnections;
    return [
      {
        path: ['stage', index, 'connections'],
        message: `while ${name} does not answer, ${sessions} sessions may wait for it (connections and waiting, of all receivers), which are all connections of ${formatListenAddress(full.address)} (max_connections = ${most}): mail of other tenants would find none`,
      },
    ];
  });
}
