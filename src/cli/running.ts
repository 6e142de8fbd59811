// A running Sluice as `sluice serve` has it: signals, reloads, and the end.

import type { Config } from '../config/config.ts';
import type { ConfigSource } from '../config/config-source.ts';
import { ConfigError } from '../config/read/config-error.ts';
import { placedText, placeWarnings } from '../config/read/config-warning.ts';
import { LogError } from '../log/log-error.ts';
import type { Logger } from '../log/logger.ts';
import type { QueueStateQuestion } from '../control/operations/queue-state.ts';
import { configInForce, configRefused } from '../process/watch/config-troubles.ts';
import { shortageText } from '../settings/capacity.ts';
import type { CertificatesRead } from '../process/supervise/certificate-desk.ts';
import { longestStopMs } from '../process/supervise/child.ts';
import type { Desks } from '../process/supervise/desks.ts';
import { type Instance, type InstanceParts, StartBrokenOff } from '../process/supervise/instance.ts';
import { ownLogFile } from '../process/privileges/own-places.ts';
import type { RoleUsers } from '../process/privileges/role-users.ts';
import { DiskWatches } from '../process/watch/disk-watches.ts';
import { LogKeeper } from '../process/watch/log-keeper.ts';
import { missingSources } from '../manager/source-watch.ts';
import { unwantedSockets } from '../process/service/handed-sockets.ts';
import type { ServiceNotifier, ServiceState } from '../process/service/service-notifier.ts';
import { statusText } from '../process/service/status-text.ts';
import { capacityHere } from '../settings/system-facts.ts';
import type { Troubles } from '../stats/troubles.ts';
import { CertificateError } from '../tls/certificate-error.ts';
import type { GivenSocket, ReloadAnswer } from '../channel/messages.ts';
import { announce } from './announce.ts';
import { loadedPluginWarnings } from './loaded-plugins.ts';
import { newPlugins } from './new-plugins.ts';
import { reloadable, type Reloadable } from './reloadable.ts';
import { RunningQueues } from './running-queues.ts';
import { unreadTapFiles } from './tap-file-problems.ts';

type InstanceKind = new (config: Config, parts: InstanceParts, users?: RoleUsers) => Instance;

/** One run, from start to stop, with its signals. */
export class Running {
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
  /** The caller has it follow the first configuration, and stops it. */
  readonly disks: DiskWatches;
  readonly #queues: RunningQueues;
  readonly #stopped = Promise.withResolvers<void>();
  /** All roles run. */
  #isUp = false;
  #isBrokenOff = false;
  #lastAnswer: Promise<ReloadAnswer> | undefined;
  /** Reloads so far: while plugins are tried, a later one takes the place of the one before, and a stop ends it. */
  #reloads = 0;

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
    const events = {
      reload: () => this.#reload(),
      reopenLog: () => this.#reopenAll(),
      setQueue: (question: QueueStateQuestion) => this.#queues.setState(question),
    };
    this.#instance = new kind(config, { ...parts, events }, users);
    this.#users = users;
    this.keeper = new LogKeeper(config, troubles, events.reopenLog);
    this.disks = new DiskWatches(troubles, log);
    this.#queues = new RunningQueues({
      instance: this.#instance,
      log,
      users,
      disks: this.disks,
      config: () => this.#config,
      use: (changed) => {
        this.#config = changed;
      },
    });
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
    const reload = ++this.#reloads;
    try {
      const next = reloadable(this.#config, this.#queues.withStates(this.#source.read()));
      const unread = unreadTapFiles(next.config, this.#config);
      if (unread.length > 0) throw new ConfigError(placeWarnings(unread, next.config.file));
      const certificates = this.#desks.read(next.config);
      const isNew = newPlugins(this.#config);
      if (next.config.stage.some((stage) => stage.kind === 'plugin' && isNew(stage)))
        void this.#tryAndUse(reload, next, certificates, isNew);
      else this.#use(next, certificates, isNew);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Puts a configuration in force if its new plugins can be used. Never rejects. @param reload - its number */
  async #tryAndUse(
    reload: number,
    next: Reloadable,
    certificates: CertificatesRead,
    isNew: ReturnType<typeof newPlugins>,
  ): Promise<void> {
    const { file } = next.config;
    try {
      const { pluginProblems } = await import('./plugin-problems.ts');
      const { problems, warnings } = await pluginProblems(next.config, isNew);
      if (reload !== this.#reloads) return;
      const texts = placeWarnings(warnings, file).map(placedText);
      for (const text of texts) this.#log.warn(text);
      if (problems.length > 0) throw new ConfigError(placeWarnings(problems, file));
      this.#use(next, certificates, isNew, texts);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** @param warnings - what else the operator should hear */
  #use(
    { config, afterRestart }: Reloadable,
    certificates: CertificatesRead,
    isNew: ReturnType<typeof newPlugins>,
    warnings: readonly string[] = [],
  ): void {
    this.#queues.prepare(this.#config, config);
    this.#config = config;
    this.#reopenLog();
    this.#log.setLevel(config.log.level);
    this.keeper.configure(config);
    this.#desks.use(certificates, config);
    const opened = this.#queues.configure(config);
    this.#log.info(
      `the configuration was read again and is in force: ${config.file ?? 'no file, the defaults'}`,
    );
    for (const shortage of capacityHere(config).shortages) this.#log.warn(shortageText(shortage));
    for (const unwanted of unwantedSockets(this.#handed, config.listen)) this.#log.warn(unwanted);
    configInForce(config, afterRestart, this.#troubles);
    if (afterRestart.length > 0) {
      this.#log.warn(`changed, but only a restart puts it in force: ${afterRestart.join(', ')}`);
    }
    void this.#answer(this.#outcome({ config, afterRestart }, opened, isNew, warnings));
  }

  /** What the operator is told of a configuration that is in force. */
  async #outcome(
    { config, afterRestart }: Reloadable,
    opened: Promise<readonly string[]>,
    isNew: ReturnType<typeof newPlugins>,
    warnings: readonly string[],
  ): Promise<ReloadAnswer> {
    const [notOpen, ofLoaded] = await Promise.all([opened, loadedPluginWarnings(config, isNew)]);
    for (const text of ofLoaded) this.#log.warn(text);
    const all = [...warnings, ...ofLoaded];
    return {
      problem: '',
      afterRestart,
      notOpen,
      file: config.file,
      ...(all.length > 0 && { warnings: all }),
    };
  }

  #refuse(cause: unknown): void {
    // Whoever has rotated the log does so with every configuration.
    this.#reopenAll();
    const problem = whyRefused(cause);
    this.#log.error(`the configuration was refused, the one from before stays in force: ${problem}`);
    configRefused(problem, this.#troubles);
    const refused = { problem, afterRestart: [], notOpen: [], file: this.#config.file };
    void this.#answer(Promise.resolve(refused));
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
    this.#reloads++;
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
