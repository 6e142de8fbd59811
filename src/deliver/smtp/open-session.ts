// Makes the client session of a connection, with what is known of the server before it has said a word.

import { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientSessionOptions } from '../../protocol/smtp/client/client-types.ts';
import { type ClientDialect, smtpDialect } from '../../protocol/smtp/client/dialect.ts';
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
  const { heloName, heloNames, ownNames, pipelineDepth, quirks } = settings;
  const {
    extensions,
    ownName,
    pipelineDepth: depth,
  } = quirks.of(hop.host, hop.ip, hop.endpoint.kind === 'tcp' ? hop.endpoint.port : 0);
  // One message at a time is served as every server knows it: by DATA.
  const isAlone = without.includes('across');
  // On this host, the listeners of this server are known; others, such as a filter that hands on what Sluice says, may have its name.
  const isOther =
    dialect !== smtpDialect || (ownName ?? (isOfThisHost(hop.ip) ? 'accept' : 'refuse')) === 'accept';
  return new ClientSession({
    heloName: hop.heloName ?? heloNames.get(source) ?? heloName,
    ownNames: isOther ? undefined : ownNames,
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

/** An address of the loopback interface. */
function isOfThisHost(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
