// The manager's end of a link to another process.

import type { Channel } from '../../src/channel/channel.ts';
import type {
  ControlToManager,
  ManagerToSender,
  ReceiverToManager,
  Response,
  SenderToManager,
} from '../../src/channel/messages.ts';

export type FromRole = ReceiverToManager | SenderToManager | ControlToManager;
export type ManagerEnd = Channel<ManagerToSender | Response, FromRole>;
