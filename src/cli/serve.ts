// `sluice serve`: runs Sluice in the foreground.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { ConfigSource } from '../config/config-source.ts';
import { placedText, placeWarnings } from '../config/read/config-warning.ts';
import { archiveWarnings } from './archive-warnings.ts';
import { configWarnings } from '../config/check/warnings.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { closeInherited } from '../io/close-inherited.ts';
import { makeFolder } from '../io/make-folder.ts';
import type { Logger } from '../log/logger.ts';
import { configInForce } from '../process/watch/config-troubles.ts';
import { withQueueStates } from '../process/watch/queue-states.ts';
import { tellLeftQueues } from '../process/watch/left-queues.ts';
import { makeQueueFolders } from '../process/watch/queue-folders.ts';
import { shortageText } from '../settings/capacity.ts';
import { Desks } from '../process/supervise/desks.ts';
import { InstanceLock } from '../process/running/instance-lock.ts';
import { endLeftOvers } from '../process/running/life-sign.ts';
import { become } from '../process/privileges/become.ts';
import { ownLogFile, ownPlaces, ownSocketFolders } from '../process/privileges/own-places.ts';
import { type RoleUsers, roleUsers } from '../process/privileges/role-users.ts';
import { keepOwnCrashes } from '../process/watch/own-crashes.ts';
import { processLogger } from '../process/watch/process-logger.ts';
import { type ServiceEnvironment, takeServiceEnvironment } from '../process/service/service-environment.ts';
import { describeHanded, unwantedSockets } from '../process/service/handed-sockets.ts';
import { ServiceNotifier } from '../process/service/service-notifier.ts';
import { startSyslogProgram } from '../process/watch/syslog-program.ts';
import { Supervisor } from '../process/supervise/supervisor.ts';
import { capacityHere } from '../settings/system-facts.ts';
import { Troubles } from '../stats/troubles.ts';
import type { GivenSocket } from '../channel/messages.ts';
import { configOption } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { userWarnings } from './user-warnings.ts';
import { Running } from './running.ts';

export function register(program: Command): void {
  program
    .command('serve')
    .description('run Sluice in the foreground until SIGTERM or Ctrl-C; SIGHUP reads the configuration again')
    .addOption(configOption())
    .action(async (options: { readonly config?: string }) => {
      await serve(options.config);
    });
}

async function serve(file: string | undefined): Promise<void> {
  const environment = takeServiceEnvironment(process.env, process.pid);
  closeInherited(givenOnPurpose(environment, file));
  const notifier = new ServiceNotifier(environment);
  try {
    await serveNotifying(file, notifier, describeHanded(environment.descriptors));
  } finally {
    await notifier.close();
  }
}

/** Sockets of the service manager, the channel of a parent that is Node, and a configuration that a shell hands over. */
function givenOnPurpose(
  { descriptors, notifyDescriptor }: ServiceEnvironment,
  file: string | undefined,
): readonly number[] {
  const ofFile = /^\/(?:dev|proc\/self)\/fd\/(?<fd>\d+)$/u.exec(file ?? '')?.groups?.['fd'];
  const others = [notifyDescriptor, process.env['NODE_CHANNEL_FD'], ofFile];
  const given = others.flatMap((each) => (each === undefined ? [] : Number(each)));
  return [...descriptors.map(({ fd }) => fd), ...given];
}

async function serveNotifying(
  file: string | undefined,
  notifier: ServiceNotifier,
  handed: readonly GivenSocket[],
): Promise<void> {
  const source = new ConfigSource(file);
  const read = source.read();
  // What operators have said of queues lies in the spool, which need not be there yet.
  const said: string[] = [];
  const config = withQueueStates(read, (problem) => said.push(problem));
  const users = roleUsers(config.processes.singleProcess ? { ...config, users: {} } : config);
  process.title = 'sluice: supervisor';
  if (users !== undefined) ownSocketFolders(config, users);
  makeSpool(config.spool);
  const lock = await InstanceLock.take(config.spool, () => {
    process.stderr.write('Waiting for another Sluice on this spool, which is stopping.\n');
  });
  const asked = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      lock.announceEnd();
      asked.resolve(signal);
    });
  }
  const troubles = new Troubles();
  if (users !== undefined) ownLogFile(config, users);
  const syslog = startSyslogProgram(config, users, troubles);
  const log = processLogger(config, troubles);
  notifier.logTo((problem) => log.warn(problem));
  for (const problem of said) log.error(problem);
  for (const warning of placeWarnings([...configWarnings(config), ...userWarnings(config)], config.file))
    log.warn(placedText(warning));
  // Nobody waits for a disk that may not answer.
  void archiveWarnings(config).then((found) => {
    for (const warning of placeWarnings(found, config.file)) log.warn(placedText(warning));
  });
  for (const shortage of capacityHere(config).shortages) log.warn(shortageText(shortage));
  for (const unwanted of unwantedSockets(handed, config.listen)) log.warn(unwanted);
  void tellLeftQueues(config.spool, makeQueueFolders(config, log), { log, troubles });
  const desks = new Desks(config, { log, troubles });
  if (users !== undefined && config.processes.singleProcess) await becomeUser(config, users, log);
  keepOwnCrashes(config, log);
  // The process of the supervisor does not load the code of the roles.
  const kind = config.processes.singleProcess
    ? (await import('../process/supervise/single-process.ts')).SingleProcess
    : Supervisor;
  configInForce(config, [], troubles);
  desks.start();
  const running = new Running(kind, config, source, { log, troubles, desks, handed }, users, notifier);
  running.keeper.start();
  running.disks.configure(config);
  try {
    await running.untilStopped(asked.promise);
  } finally {
    running.disks.stop();
    await running.keeper.stop();
    desks.stop();
    if (!running.isBrokenOff) lock.release();
    await log.close();
    await syslog?.stop();
  }
  // Parts of a manager that was recovering the queue may be in this process. The system releases the lock when they are gone.
  if (!running.isBrokenOff) return;
  await notifier.close();
  process.exit(exitCodes.ok);
}

/** A single process is all roles, so none of it may stay root. Ports below 1024 are out of its reach then. */
async function becomeUser(config: Config, users: RoleUsers, log: Logger): Promise<void> {
  await endLeftOvers(config.spool, log);
  await ownPlaces(config, users, log);
  become(users.of.manager);
}

function makeSpool(spool: string): void {
  try {
    // Only the spool itself is closed to others: its parent folder may hold the submission socket, which every program may use.
    makeFolder(spool, 0o700);
  } catch (error) {
    throw new SluiceError(
      'SPOOL_UNUSABLE',
      `Making the spool ${spool}: ${error instanceof Error ? error.message : String(error)}.`,
      'Set spool = "..." in the configuration to a folder that Sluice may write.',
    );
  }
}
