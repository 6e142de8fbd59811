// The one place where the transport of a grant is chosen.

import { lmtpDialect } from '../protocol/lmtp/client-dialect.ts';
import { qmqp } from '../protocol/qmqp/client-dialect.ts';
import { qmtp } from '../protocol/qmtp/client-dialect.ts';
import { smtpDialect } from '../protocol/smtp/client/dialect.ts';
import { ArchiveConnection } from './archive/archive-connection.ts';
import type { ConnectionContext } from './connection-context.ts';
import { DiscardConnection } from './discard/discard-connection.ts';
import { ClosedWay } from './local/closed-way.ts';
import { MailboxConnection } from './mailbox/mailbox-connection.ts';
import { PackageConnection } from './package/package-connection.ts';
import { PipeConnection } from './pipe/pipe-connection.ts';
import { OutgoingConnection } from './smtp/outgoing-connection.ts';
import { SystemConnection } from './system/system-connection.ts';
import type { TransportConnection } from './transport.ts';
import type { ConnectGrant } from './types.ts';

/** Opens a connection by the transport of the grant. @param onEnded - called when it has reported its end */
export function openTransport(
  context: ConnectionContext,
  grant: ConnectGrant,
  onEnded: () => void,
): TransportConnection {
  const { hop } = grant;
  switch (hop.transport) {
    case 'smtp':
      return new OutgoingConnection(context, grant, hop, smtpDialect, onEnded);
    // The connection of LMTP is that of SMTP (RFC 2033 1): sockets, timeouts and content are the same.
    case 'lmtp':
      return new OutgoingConnection(context, grant, hop, lmtpDialect, onEnded);
    case 'qmqp':
      return new PackageConnection(context, grant, hop, qmqp, onEnded);
    case 'qmtp':
      return new PackageConnection(context, grant, hop, qmtp, onEnded);
    case 'discard':
      return new DiscardConnection(context, grant, onEnded);
    case 'pipe':
      return new PipeConnection(context, grant, hop, onEnded);
    case 'archive':
      return new ArchiveConnection(context, grant, hop, onEnded);
    case 'mailbox':
      return new MailboxConnection(context, grant, hop, onEnded);
    case 'local':
      return new SystemConnection(context, grant, hop, onEnded);
    case 'redirect':
      return new ClosedWay(context, grant, 'the manager carries out redirections', onEnded);
    case 'hold':
      return new ClosedWay(context, grant, `it is held: ${hop.way.reason}`, onEnded);
  }
}
