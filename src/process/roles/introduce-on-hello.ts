// How a process is introduced to the manager: by its first message, the hello, which has to prove its role.

import { hasPass } from '../../channel/pass.ts';
import type {
  ControlToManager,
  ManagerToReceiver,
  ManagerToSender,
  ReceiverToManager,
  Response,
  SenderToManager,
} from '../../channel/messages.ts';
import type { SocketChannel } from '../../channel/socket-channel.ts';
import type { Logger } from '../../log/logger.ts';
import type { ManagerRole } from './manager-role.ts';

export type LinkedMessage = ReceiverToManager | SenderToManager | ControlToManager;

/** Consumes the first message of a channel, the hello, and hands the channel to the manager. */
export function introduceOnHello(
  manager: ManagerRole,
  channel: SocketChannel<ManagerToReceiver | ManagerToSender | Response, LinkedMessage>,
  passKey: string,
  log: Logger,
) {
  manager.links.connected(channel);
  return (batch: readonly LinkedMessage[]): void => {
    const [hello, ...rest] = batch;
    if (hello?.kind === 'hello' && hasPass(passKey, hello)) {
      manager.links.introduce(hello, channel, rest);
      return;
    }
    log.error('a process that cannot prove its role has connected to the manager, and was turned away');
    channel.close();
  };
}
