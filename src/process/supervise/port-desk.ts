// Binds ports for receivers, which are not root. The supervisor only binds (bind(2)): it never listens, so no connection can
// reach it; the receiver that gets the socket listens. A receiver gets ports of the configuration, and nobody else gets any.

import type { ChildProcess, SendHandle } from 'node:child_process';
import { BoundSocket } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { AskedPort, PortAnswer } from '../../channel/messages.ts';
import type { RoleName } from '../role.ts';

/** Answers a process that asked for a port; the socket, if any, goes along. */
export function answerPort(
  asked: AskedPort,
  role: RoleName,
  config: Pick<Config, 'listen' | 'processes'>,
  process: ChildProcess,
): void {
  const { id, host, port } = asked;
  const refuse = (code: string, reason: string): void => {
    const answer: PortAnswer = { kind: 'port', id, code, reason };
    if (process.connected) process.send(answer, () => undefined);
  };
  const isConfigured = config.listen.some(
    ({ address }) => address.kind === 'tcp' && address.host === host && address.port === port,
  );
  if (role !== 'receiver' || !isConfigured) {
    refuse('REFUSED', 'the supervisor binds only ports of [[listen]], for receivers');
    return;
  }
  let bound: BoundSocket;
  try {
    bound = new BoundSocket({ host, port, reusePort: config.processes.receivers > 1 && port !== 0 });
  } catch (error) {
    refuse(
      (error as NodeJS.ErrnoException).code ?? '',
      error instanceof Error ? error.message : String(error),
    );
    return;
  }
  if (!process.connected) {
    bound.close();
    return;
  }
  const answer: PortAnswer = { kind: 'port', id };
  // Sending gives the socket away (the types of Node do not know yet that it can be sent). If the process ends before it
  // has taken the socket, the system closes it.
  process.send(answer, bound as unknown as SendHandle, () => undefined);
}
