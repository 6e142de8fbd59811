// Answers what the processes of roles ask of the supervisor: each may ask for what is its own.

import type { AskedPort, RoleToSupervisor } from '../../channel/messages.ts';
import type { StorePassword } from '../../channel/password-messages.ts';
import type { Config } from '../../config/config.ts';
import type { Child } from './child.ts';
import { answerCrashTest } from './crash-test-desk.ts';
import type { InstanceEvents } from './instance.ts';
import { answerPort, replyTo } from './port-desk.ts';

type Asked =
  | AskedPort
  | StorePassword
  | Extract<RoleToSupervisor, { readonly kind: 'crashTest' | 'queueState' }>;

export function answerAsked(
  message: Asked,
  asker: Child,
  children: readonly Child[],
  config: Config,
  events: Pick<InstanceEvents, 'setQueue'>,
): void {
  const { process } = asker;
  if (process === undefined) return;
  if (message.kind === 'askPort') answerPort(message, asker.name, config, replyTo(process));
  else if (message.kind === 'crashTest') answerCrashTest(message, children, asker);
  else if (message.kind === 'queueState') void answerQueueState(message, asker, events);
  else if (asker.name === 'keys') void answerStore(message, process, config);
}

/** Loaded when the first user changes a password. */
async function answerStore(
  { id, ...change }: StorePassword,
  asker: NonNullable<Child['process']>,
  config: Config,
): Promise<void> {
  const { storePassword } = await import('./password-desk.ts');
  const outcome = await storePassword(config, change);
  if (asker.connected) asker.send({ kind: 'passwordStored', id, outcome }, () => undefined);
}

/** Only the control process may ask for that. */
async function answerQueueState(
  { id, queue, action }: Extract<Asked, { readonly kind: 'queueState' }>,
  { name, process }: Child,
  events: Pick<InstanceEvents, 'setQueue'>,
): Promise<void> {
  if (name !== 'control' || process === undefined) return;
  const answer = await events.setQueue({ queue, action });
  if (process.connected) process.send({ kind: 'queueStateSet', id, answer }, () => undefined);
}
