// Binds ports for receivers and POP3, which are not root. The supervisor only binds (bind(2)): it never listens, so no connection can
// reach it; the receiver that gets the socket listens. A receiver gets ports of the configuration, and nobody else gets any.

import type { ChildProcess, SendHandle } from 'node:child_process';
import * as net from 'node:net';
import type { Config } from '../../config/config.ts';
import type { AskedPort, PortAnswer } from '../../channel/messages.ts';
import type { RoleName } from '../role.ts';

/** Sends an answer to the process that asked, and a socket with it. @throws {Error} when it takes no sockets */
export type Reply = (answer: PortAnswer, socket?: net.BoundSocket) => void;

/** Answers a process that asked for a port. @param role - of the process */
export function answerPort(
  { id, host, port }: AskedPort,
  role: RoleName,
  { listen, processes }: Pick<Config, 'listen' | 'processes'>,
  reply: Reply,
): void {
  const isConfigured = listen.some(
    ({ address, protocol }) =>
      address.kind === 'tcp' &&
      address.host === host &&
      address.port === port &&
      role === (protocol === 'pop3' ? 'pop3' : 'receiver'),
  );
  if (!isConfigured) {
    const reason = 'the supervisor binds only ports of [[listen]], for the role that serves them';
    reply({ kind: 'port', id, code: 'REFUSED', reason });
    return;
  }
  let bound: net.BoundSocket | undefined;
  try {
    // Node has had this class since 26.4. An older one still runs a Sluice that does not need it.
    bound = new net.BoundSocket({
      host,
      port,
      reusePort: role === 'receiver' && processes.receivers > 1 && port !== 0,
    });
    reply({ kind: 'port', id }, bound);
  } catch (error) {
    bound?.close();
    const [code = '', said] =
      error instanceof Error && 'code' in error ? [String(error.code), error.message] : [];
    const reason = said ?? `this Node (${process.versions.node}) cannot hand over ports; 26.10 can`;
    reply({ kind: 'port', id, code, reason });
  }
}

/** The answers go over the channel between the supervisor and its process. */
export function replyTo(child: ChildProcess): Reply {
  return (answer, socket) => {
    if (!child.connected) {
      socket?.close();
      return;
    }
    // Sending gives the socket away (the types of Node do not know yet that it can be sent). If the process ends before it
    // has taken the socket, the system closes it.
    child.send(answer, socket as unknown as SendHandle, () => undefined);
  };
}
