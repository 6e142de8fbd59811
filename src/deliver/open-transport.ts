// The one place where the transport of a grant is chosen.

import type { ConnectionContext } from './connection-context.ts';
import { OutgoingConnection } from './smtp/outgoing-connection.ts';
import type { TransportConnection } from './transport.ts';
import type { ConnectGrant } from './types.ts';

/** Opens a connection by the transport of the grant. @param onEnded - called when it has reported its end */
export function openTransport(
  context: ConnectionContext,
  grant: ConnectGrant,
  onEnded: () => void,
): TransportConnection {
  return new OutgoingConnection(context, grant, onEnded);
}
