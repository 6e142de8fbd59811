// A way out that no sender process carries out. It is here for the case that one is granted all the same, such as by an operator's limit.

import { localFault } from '../../message/refusal.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { TransportConnection } from '../transport.ts';
import type { ConnectGrant } from '../types.ts';

export class ClosedWay implements TransportConnection {
  constructor(
    { reports }: ConnectionContext,
    { connection }: ConnectGrant,
    why: string,
    onEnded: () => void,
  ) {
    // Nothing is reported before the caller has the connection.
    queueMicrotask(() => {
      reports.closed(connection, { kind: 'failed', refusal: localFault('routing', why) });
      onEnded();
    });
  }

  transact(): void {
    // It was never ready.
  }

  quit(): void {
    // It ends by itself.
  }

  finish(): void {
    // It ends by itself.
  }

  abandon(): void {
    // It ends by itself.
  }
}
