// Makes the client session of a connection, with what is known of the server before it has said a word.

import { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientSessionOptions } from '../../protocol/smtp/client/client-types.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { SocketHop } from '../../route/types.ts';
import type { ConnectionContext } from '../connection-context.ts';

/** @param source - our own address; empty: the system chooses it */
export function openSession(
  { settings, pipelining }: ConnectionContext,
  hop: SocketHop,
  source: string,
  dialect: ClientDialect,
  tls: ClientSessionOptions['tls'],
): ClientSession {
  const { heloName, heloNames, ignoredExtensions, pipelineDepth } = settings;
  const { groups, across, chunks } = pipelining.allowed(hop.key);
  return new ClientSession({
    heloName: heloNames.get(source) ?? heloName,
    dialect,
    tls,
    pipelining: groups,
    depth: across ? pipelineDepth : undefined,
    chunking: chunks,
    ignoredExtensions: ignoredExtensions.of(hop.host, hop.ip),
  });
}
