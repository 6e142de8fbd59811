// Makes the client session of a connection, with what is known of the server before it has said a word.

import { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientSessionOptions } from '../../protocol/smtp/client/client-types.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { SocketHop } from '../../route/types.ts';
import type { PipeliningKind } from '../../values/pipelining.ts';
import type { LineContext } from '../connection-context.ts';

/**
 * @param source - our own address; empty: the system chooses it
 * @param without - kinds of pipelining that the server does not bear
 */
export function openSession(
  { settings, proofs }: LineContext,
  hop: SocketHop,
  source: string,
  dialect: ClientDialect,
  tls: ClientSessionOptions['tls'],
  without: readonly PipeliningKind[],
): ClientSession {
  const { heloName, heloNames, pipelineDepth, quirks } = settings;
  const { extensions, pipelineDepth: depth } = quirks.of(
    hop.host,
    hop.ip,
    hop.endpoint.kind === 'tcp' ? hop.endpoint.port : 0,
  );
  // One message at a time is served as every server knows it: by DATA.
  const isAlone = without.includes('across');
  return new ClientSession({
    heloName: heloNames.get(source) ?? heloName,
    dialect,
    tls,
    logsIn: hop.login !== undefined,
    pipelining: !without.includes('group'),
    depth: isAlone ? undefined : depth === undefined ? pipelineDepth : { data: depth, chunking: depth },
    probes: proofs.needed(hop.key),
    chunking: !isAlone && !without.includes('chunk'),
    ignoredExtensions: extensions,
  });
}
