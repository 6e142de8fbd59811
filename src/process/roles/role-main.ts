// The program of every role's process: starts the role that the supervisor names and passes on what the supervisor says.
// A role's code is loaded in its own process only: what the others are made of would cost each of them megabytes.

import type { Config } from '../../config/config.ts';
import { SluiceError } from '../../errors/sluice-error.ts';
import { LogError } from '../../log/log-error.ts';
import type { Logger } from '../../log/logger.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import { Troubles } from '../../stats/troubles.ts';
import { managerSocketPath, listenManagerSocket } from '../../channel/manager-socket.ts';
import { showLife } from '../running/life-sign.ts';
import { patientLogger } from '../watch/process-logger.ts';
import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type {
  ControlToManager,
  ManagerToSender,
  ReceiverToManager,
  Request,
  Response,
  RoleStart,
  RoleToSupervisor,
  SenderToManager,
  Submitted,
  SupervisorToRole,
} from '../../channel/messages.ts';
import { ReloadRequests } from './reload-requests.ts';
import type { Role, RoleName } from '../role.ts';
import type { ManagerRole } from './manager-role.ts';
import { SocketChannel } from '../../channel/socket-channel.ts';
import { SupervisorWatch } from '../watch/supervisor-watch.ts';

const [, , roleName = ''] = process.argv;
process.title = `sluice: ${roleName}`;

let role: Role | undefined;
let logger: Logger | undefined;
/** A configuration that came while the role was starting with an older one. */
let newer: Config | undefined;
/** Sender processes that ended while the manager was starting. */
const endedSenders: number[] = [];
let senderEnded = (serial: number): void => void endedSenders.push(serial);
const reloads = new ReloadRequests({ isWatched: true });
const troubles = new Troubles();
/** What is wrong in all processes, as the supervisor said last; the control process tells operators. */
let allTroubles: readonly ReportedTrouble[] = [];
/** Of the control process: whether the supervisor lives. */
let supervisor: SupervisorWatch | undefined;

function tell(message: RoleToSupervisor): void {
  if (process.connected) process.send?.(message);
}

/** Troubles that change often are told often enough at this pace. */
const troublesEveryMs = 100;
let troublesTimer: NodeJS.Timeout | undefined;
troubles.onChanged(() => {
  troublesTimer ??= setTimeout(() => {
    troublesTimer = undefined;
    tell({ kind: 'troubles', troubles: troubles.list });
  }, troublesEveryMs).unref();
});

async function start(config: Config, { index, serial, senders }: RoleStart): Promise<void> {
  const log = patientLogger(config, troubles);
  logger = log;
  await showLife(config.spool, roleName as RoleName, log);
  const path = managerSocketPath(config.spool);
  switch (roleName) {
    case 'manager':
      role = await startManager(config, log, path, senders);
      break;
    case 'receiver': {
      const { ReceiverRole } = await import('./receiver-role.ts');
      const link = new ManagerLink<Submitted, never>({
        connect: managerAt(path),
        hello: () => ({ kind: 'hello', role: 'receiver', index, serial }),
        repeat: true,
        take: () => undefined,
        lost: () => undefined,
      });
      void link.open();
      role = await ReceiverRole.start(config, index, link, log, troubles);
      break;
    }
    case 'sender': {
      const { SenderRole } = await import('./sender-role.ts');
      const link = new ManagerLink<SenderToManager, ManagerToSender>({
        connect: managerAt(path),
        hello: () => ({ kind: 'hello', role: 'sender', index, serial, delivered: sender.delivered }),
        repeat: false,
        take: (batch) => sender.take(batch),
        lost: () => sender.managerLost(),
      });
      const sender = new SenderRole(config, link, log);
      role = sender;
      await link.open();
      break;
    }
    case 'control': {
      const { ControlRole } = await import('./control-role.ts');
      const link = new ManagerLink<Request, Response>({
        connect: managerAt(path),
        hello: () => ({ kind: 'hello', role: 'control', index, serial }),
        repeat: false,
        take: (batch) => control.take(batch),
        lost: () => control.managerLost(),
      });
      const control = new ControlRole(
        config,
        link,
        () => reloads.ask(() => tell({ kind: 'reload' })),
        () => [...(supervisor?.troubles ?? []), ...allTroubles],
      );
      role = control;
      supervisor = new SupervisorWatch(log, process.ppid);
      supervisor.start();
      // Operators are answered without a manager, too: it may be what they ask about.
      void link.open();
      await control.listen(config.controlSocket);
      break;
    }
    default:
      throw new Error(`no role is called "${roleName}"`);
  }
  if (newer !== undefined) role.configure(newer);
  tell({ kind: 'started', facts: role.facts });
}

async function startManager(
  config: Config,
  log: Logger,
  path: string,
  senders: readonly number[],
): Promise<Role> {
  const started = Promise.withResolvers<ManagerRole>();
  // The socket first: it is what keeps a second manager away from the spool.
  const server = await listenManagerSocket(path, (socket) => {
    const channel = new SocketChannel<ManagerToSender | Response, LinkedMessage>(socket);
    void started.promise.then((manager) => channel.receive(introduction(manager, channel)));
  });
  const { ManagerRole } = await import('./manager-role.ts');
  const awaits = (serials: readonly number[]) => tell({ kind: 'awaits', senders: serials });
  const manager = await ManagerRole.start(config, log, troubles, { senders, awaits });
  senderEnded = (serial) => manager.senderEnded(serial);
  for (const serial of endedSenders) manager.senderEnded(serial);
  started.resolve(manager);
  return {
    facts: manager.facts,
    configure: (next) => manager.configure(next),
    drain: () => manager.drain(),
    stop: async (graceMs) => {
      server.close();
      await manager.stop(graceMs);
    },
  };
}

type LinkedMessage = ReceiverToManager | SenderToManager | ControlToManager;

/** Takes the first message of a channel, the hello, and hands the channel to the manager. */
function introduction(
  manager: ManagerRole,
  channel: SocketChannel<ManagerToSender | Response, LinkedMessage>,
) {
  return (batch: readonly LinkedMessage[]): void => {
    const [hello, ...rest] = batch;
    if (hello?.kind === 'hello') manager.links.introduce(hello, channel, rest);
    else channel.close();
  };
}

/** A file that cannot be opened is a trouble, not an end: it is tried again, and the old one is written on. */
function reopenLog(): void {
  try {
    logger?.reopen();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
  }
}

async function stop(graceMs: number): Promise<void> {
  await role?.stop(graceMs);
  await logger?.close();
  process.disconnect?.();
}

function failed(error: unknown): void {
  const known = error instanceof SluiceError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  // An error that has a code says what to do; any other is a mistake of ours, and its place matters.
  const detail = known === undefined && error instanceof Error ? (error.stack ?? message) : message;
  logger?.error(`the ${roleName} process failed: ${detail}`);
  tell({ kind: 'failed', code: known?.code ?? 'ROLE_FAILED', message, advice: known?.advice ?? '' });
  process.exitCode = 1;
  // The message above leaves first; then there is nothing to stay for.
  setImmediate(() => process.exit(1));
}

process.on('message', (message: SupervisorToRole) => {
  supervisor?.heard();
  switch (message.kind) {
    case 'start':
      start(message.config, message).catch(failed);
      break;
    case 'ping':
      reloads.supervisorLives();
      tell({ kind: 'alive' });
      break;
    case 'senderEnded':
      senderEnded(message.serial);
      break;
    case 'configure':
      reopenLog();
      logger?.setLevel(message.config.log.level);
      if (role === undefined) newer = message.config;
      else role.configure(message.config);
      break;
    case 'drain':
      role?.drain();
      break;
    case 'stop':
      stop(message.graceMs).catch(failed);
      break;
    case 'reloaded':
      reloads.answered(message);
      break;
    case 'troubles':
      allTroubles = message.troubles;
      break;
    default:
      message satisfies never;
  }
});
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
// The supervisor decides when to stop; without it nobody would.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(process.exitCode ?? 0));
