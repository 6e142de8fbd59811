// `sluice serve`: runs Sluice in the foreground.

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { ConfigSource } from '../config/config-source.ts';
import { placedText, placeWarnings } from '../config/read/config-warning.ts';
import { configWarnings } from '../config/check/warnings.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { LogError } from '../log/log-error.ts';
import { makeFolder } from '../io/make-folder.ts';
import type { Logger } from '../log/logger.ts';
import { configInForce, configRefused } from '../process/watch/config-troubles.ts';
import { DiskWatch } from '../process/watch/disk-watch.ts';
import { shortageText } from '../settings/capacity.ts';
import { longestStopMs } from '../process/supervise/child.ts';
import { Desks } from '../process/supervise/desks.ts';
import { InstanceLock } from '../process/running/instance-lock.ts';
import { endLeftOvers } from '../process/running/life-sign.ts';
import { type Instance, type InstanceParts, StartBrokenOff } from '../process/supervise/instance.ts';
import { become } from '../process/privileges/become.ts';
import { ownLogFile, ownPlaces, ownSocketFolders } from '../process/privileges/own-places.ts';
import { type RoleUsers, roleUsers } from '../process/privileges/role-users.ts';
import { LogKeeper } from '../process/watch/log-keeper.ts';
import { keepOwnCrashes } from '../process/watch/own-crashes.ts';
import { processLogger } from '../process/watch/process-logger.ts';
import { missingSources } from '../manager/source-watch.ts';
import { takeServiceEnvironment } from '../process/service/service-environment.ts';
import { describeHanded, unwantedSockets } from '../process/service/handed-sockets.ts';
import { ServiceNotifier, type ServiceState } from '../process/service/service-notifier.ts';
import { statusText } from '../process/service/status-text.ts';
import { startSyslogProgram } from '../process/watch/syslog-program.ts';
import { Supervisor } from '../process/supervise/supervisor.ts';
import { capacityHere } from '../settings/system-facts.ts';
import { Troubles } from '../stats/troubles.ts';
import { CertificateError } from '../tls/certificate-error.ts';
import type { GivenSocket, ReloadAnswer } from '../channel/messages.ts';
import { announce } from './announce.ts';
import { configOption } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { userWarnings } from './user-warnings.ts';
import { reloadable } from './reloadable.ts';

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
  const notifier = new ServiceNotifier(environment);
  try {
    await serveNotifying(file, notifier, describeHanded(environment.descriptors));
  } finally {
    await notifier.close();
  }
}

async function serveNotifying(
  file: string | undefined,
  notifier: ServiceNotifier,
  handed: readonly GivenSocket[],
): Promise<void> {
  const source = new ConfigSource(file);
  const config = source.read();
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
  for (const warning of placeWarnings([...configWarnings(config), ...userWarnings(config)], config.file))
    log.warn(placedText(warning));
  for (const shortage of capacityHere(config).shortages) log.warn(shortageText(shortage));
  for (const unwanted of unwantedSockets(handed, config.listen)) log.warn(unwanted);
  const desks = new Desks(config, { log, troubles });
  if (users !== undefined && config.processes.singleProcess) await becomeUser(config, users, log);
  keepOwnCrashes(config, log);
  // The process of the supervisor does not load the code of the roles.
  const kind = config.processes.singleProcess
    ? (await import('../process/supervise/single-process.ts')).SingleProcess
    : Supervisor;
  const disk = new DiskWatch(config, troubles, log);
  disk.start();
  configInForce(config, [], troubles);
  desks.start();
  const running = new Running(kind, config, source, { log, troubles, desks, handed }, users, notifier);
  running.keeper.start();
  try {
    await running.untilStopped(asked.promise);
  } finally {
    disk.stop();
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

type InstanceKind = new (config: Config, parts: InstanceParts, users?: RoleUsers) => Instance;

/** One run, from start to stop, with its signals. */
class Running {
  #config: Config;
  readonly #source: ConfigSource;
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #desks: Desks;
  readonly #handed: readonly GivenSocket[];
  readonly #instance: Instance;
  readonly #users: RoleUsers | undefined;
  readonly #notifier: ServiceNotifier;
  readonly keeper: LogKeeper;
  readonly #stopped = Promise.withResolvers<void>();
  /** All roles run. */
  #isUp = false;
  #isBrokenOff = false;
  #lastAnswer: Promise<ReloadAnswer> | undefined;

  constructor(
    kind: InstanceKind,
    config: Config,
    source: ConfigSource,
    parts: Omit<InstanceParts, 'events'>,
    users: RoleUsers | undefined,
    notifier: ServiceNotifier,
  ) {
    const { log, troubles, desks, handed = [] } = parts;
    this.#handed = handed;
    this.#config = config;
    this.#source = source;
    this.#log = log;
    this.#troubles = troubles;
    this.#desks = desks;
    this.#stopped.promise.catch(() => undefined); // a start that fails is reported instead
    const events = { reload: () => this.#reload(), reopenLog: () => this.#reopenAll() };
    this.#instance = new kind(config, { ...parts, events }, users);
    this.#users = users;
    this.keeper = new LogKeeper(config, troubles, events.reopenLog);
    this.#notifier = notifier;
    notifier.watch(() => this.#serviceState());
  }

  #serviceState(): ServiceState {
    const { troubles, isWell } = this.#instance.health;
    return { status: statusText({ isUp: this.#isUp, hostname: this.#config.hostname, troubles }), isWell };
  }

  /** It was stopped before all roles ran. */
  get isBrokenOff(): boolean {
    return this.#isBrokenOff;
  }

  /** @param asked - resolves to the signal that asks for the stop, which may be before all roles run */
  async untilStopped(asked: Promise<NodeJS.Signals>): Promise<void> {
    process.on('SIGHUP', () => this.#reload());
    const started = this.#instance.start();
    void asked.then((signal) => this.#stop(signal));
    try {
      const facts = await started;
      this.#isUp = true;
      this.#notifier.ready();
      announce(this.#config, facts, this.#troubles.list, await missingSources(this.#config));
    } catch (error) {
      if (!(error instanceof StartBrokenOff)) throw error;
      this.#isBrokenOff = true;
    }
    await this.#stopped.promise;
  }

  #reload(): void {
    this.#notifier.reloading();
    try {
      const { config, afterRestart } = reloadable(this.#config, this.#source.read());
      const certificates = this.#desks.read(config);
      this.#config = config;
      this.#reopenLog();
      this.#log.setLevel(config.log.level);
      this.keeper.configure(config);
      this.#desks.use(certificates, config);
      const opened = this.#instance.configure(config);
      this.#log.info(
        `the configuration was read again and is in force: ${config.file ?? 'no file, the defaults'}`,
      );
      for (const shortage of capacityHere(config).shortages) this.#log.warn(shortageText(shortage));
      for (const unwanted of unwantedSockets(this.#handed, config.listen)) this.#log.warn(unwanted);
      configInForce(config, afterRestart, this.#troubles);
      if (afterRestart.length > 0) {
        this.#log.warn(`changed, but only a restart puts it in force: ${afterRestart.join(', ')}`);
      }
      void this.#answer(
        opened.then((notOpen) => ({ problem: '', afterRestart, notOpen, file: config.file })),
      );
    } catch (error) {
      // Whoever has rotated the log does so with every configuration.
      this.#reopenAll();
      const problem = whyRefused(error);
      this.#log.error(`the configuration was refused, the one from before stays in force: ${problem}`);
      configRefused(problem, this.#troubles);
      const refused = { problem, afterRestart: [], notOpen: [], file: this.#config.file };
      void this.#answer(Promise.resolve(refused));
    }
  }

  /** All operators who wait get the answer of the last reload, which read the file after each of them had asked. */
  async #answer(answer: Promise<ReloadAnswer>): Promise<void> {
    this.#lastAnswer = answer;
    const known = await answer;
    if (this.#lastAnswer !== answer) return;
    this.#instance.reloaded(known);
    this.#notifier.reloaded();
  }

  /** In all processes. */
  #reopenAll(): void {
    this.#reopenLog();
    this.#instance.reopenLog();
  }

  /** A log that cannot be opened does not make the reload fail: the old file stays in use. */
  #reopenLog(): void {
    try {
      if (this.#users !== undefined) ownLogFile(this.#config, this.#users);
      this.#log.reopen();
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#log.error(`${error.message}; the log goes on where it was, and this is tried again`);
    }
  }

  async #stop(signal: NodeJS.Signals): Promise<void> {
    const wasUp = this.#isUp;
    this.#notifier.stopping(longestStopMs(this.#config.stop.grace));
    const inHand = `transactions in hand get ${this.#config.stop.grace / 1000} s`;
    this.#log.info(`stopping on ${signal}: ${wasUp ? inHand : 'the start is broken off'}`);
    try {
      await this.#instance.stop(this.#config.stop.grace);
      this.#log.info(
        wasUp
          ? 'stopped; everything that was not delivered is in the spool'
          : 'stopped before all processes ran; the queue is in the spool, and the next start reads it again',
      );
      this.#stopped.resolve();
    } catch (error) {
      this.#log.error(`stopped; ${error instanceof Error ? error.message : String(error)}`);
      this.#stopped.reject(error);
    }
  }
}

/** A mistake in the file says by itself what to do; of a certificate that cannot be used, the advice does. */
function whyRefused(error: unknown): string {
  if (error instanceof CertificateError) return `${error.message} ${error.advice}`;
  return error instanceof Error ? error.message : String(error);
}
