// The program of every role's process: starts the role that the supervisor names, and carries out the supervisor's messages.
// Only the code of that role is loaded: the code of the others would cost each process megabytes of memory.

import type { Config } from '../../config/config.ts';
import { SluiceError } from '../../errors/sluice-error.ts';
import { prepareReports, reportError, workWhereCoresGo } from '../../crash/node-report.ts';
import { noTrail, Trail, trailDescriptor } from '../../crash/trail.ts';
import type { Logger } from '../../log/logger.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import { EventCounters } from '../../log/event-counters.ts';
import { Troubles } from '../../stats/troubles.ts';
import type { RoleTotals } from '../../statistics/totals.ts';
import { managerSocketPath } from '../../channel/manager-socket.ts';
import { become } from '../privileges/become.ts';
import type { Identity } from '../privileges/identity.ts';
import { showLife } from '../running/life-sign.ts';
import { patientLogger } from '../watch/process-logger.ts';
import type { RoleStart, RoleToSupervisor, SupervisorToRole } from '../../channel/messages.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import { reopenLog } from '../watch/reopen-log.ts';
import type { AskedPorts } from './asked-ports.ts';
import type { DirectoryLink } from './directory-link.ts';
import type { SignerLink } from './signer-link.ts';
import type { GivenCertificates } from './given-certificates.ts';
import { GivenToSender } from './given-to-sender.ts';
import { postCounts } from './count-posts.ts';
import { postTroubles } from './trouble-posts.ts';
import { Later } from './later.ts';
import { crashThisProcess } from './crash-test.ts';
import { SupervisorAnswers } from './supervisor-answers.ts';
import type { Role, RoleName } from '../role.ts';
import type { ManagerRole } from './manager-role.ts';
import { SupervisorWatch } from '../watch/supervisor-watch.ts';

const [, , roleName = '', identity] = process.argv;
// Before anything else: nothing of a role runs as root.
if (identity !== undefined) become(JSON.parse(identity) as Identity);
process.title = `sluice: ${roleName}`;

let role: Role | undefined;
let logger: Logger | undefined;
/** A configuration that came while the role was starting with an older one. */
let newerConfig: Config | undefined;
/** In the manager process. */
const manager = new Later<ManagerRole>();
const asked = new SupervisorAnswers(tellSupervisor);
/** In the processes with listeners: ports that the supervisor binds. */
let ports: AskedPorts | undefined;
/** In the sender process. */
const given = new GivenToSender(undefined, identity === undefined ? undefined : tellSupervisor);
/** In the processes of senders, receivers and the manager. */
const { srs } = given;
/** Of those who have something to ask there: links to the keys process. */
let directory: DirectoryLink | undefined;
let signing: SignerLink | undefined;
/** In the processes with listeners. */
let certificates: Promise<GivenCertificates> | undefined;
/** In the control process: what receivers serve. */
let served: readonly CertificateFacts[] = [];
const troubles = new Troubles();
let trail = noTrail;
const counters = new EventCounters();
/** Tells the supervisor the last of them. */
let endCounts: () => void = () => undefined;
/** In the control process: the troubles of all processes, as the supervisor sent them last. */
let allTroubles: readonly ReportedTrouble[] = [];
/** In the control process: what all processes have counted, as the supervisor sent it last. */
let totals: RoleTotals = {};
/** In the control process: watches whether the supervisor lives. */
let supervisorWatch: SupervisorWatch | undefined;

function tellSupervisor(message: RoleToSupervisor): void {
  // A supervisor that has just ended hears nothing more, which ends this process, too.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

postTroubles(troubles, tellSupervisor);

async function start(config: Config, begin: RoleStart): Promise<void> {
  const { index, serial, pass, keysPass, hasTrail, senders } = begin;
  prepareReports(config.crash, roleName as RoleName);
  if (config.crash.cores) workWhereCoresGo(config.crash.folder, roleName as RoleName);
  if (hasTrail === true) trail = new Trail(trailDescriptor);
  const log = patientLogger(config, troubles);
  logger = log;
  endCounts = postCounts(counters, serial, tellSupervisor);
  await showLife(config.spool, roleName as RoleName, log);
  const path = managerSocketPath(config.spool);
  switch (roleName) {
    case 'manager': {
      const keys = await import('./linked-keys.ts');
      signing = keys.linkedSigner(config, { role: 'manager', index, serial, pass: keysPass });
      const { startManager } = await import('./start-manager.ts');
      const awaits = (serials: readonly number[]) => tellSupervisor({ kind: 'awaits', senders: serials });
      const socket = { path, passKey: pass, isShared: identity !== undefined };
      trail.begin('recover', 'the queue');
      trail.flush();
      role = await startManager(
        config,
        { log, troubles, signing, srs, counters, others: { senders, awaits } },
        socket,
        manager,
      );
      trail.end('recover', 'the queue');
      break;
    }
    case 'receiver': {
      const { ReceiverRole } = await import('./receiver-role.ts');
      const { receiverLink } = await import('./receiver-link.ts');
      const { link, sending, room, defences, trials, mailboxes, diversions } = receiverLink(
        path,
        { index, serial, pass },
        counters,
        log,
      );
      void link.open();
      // Root alone may bind every port, and no role is root when each has a user.
      const { AskedPorts } = await import('./asked-ports.ts');
      ports = new AskedPorts((question) => tellSupervisor(question));
      const live = await (await givenCertificates()).live;
      const { linkedDirectory, linkedSigner } = await import('./linked-keys.ts');
      const asker = { role: 'receiver', index, serial, pass: keysPass } as const;
      directory = linkedDirectory(config, asker);
      signing = linkedSigner(config, asker);
      const asked = { directory, sending, room, defences, signing, srs, trials, mailboxes, diversions };
      const parts = { link, log, troubles, counters, certificates: live, ...asked, trail };
      role = await ReceiverRole.start(config, begin, parts, identity === undefined ? undefined : ports.bind);
      break;
    }
    case 'pop3': {
      const { startPop3 } = await import('./start-pop3.ts');
      const { AskedPorts } = await import('./asked-ports.ts');
      ports = new AskedPorts((question) => tellSupervisor(question));
      const live = await (await givenCertificates()).live;
      const parts = { log, troubles, counters, certificates: live };
      const started = await startPop3(config, begin, parts, identity === undefined ? undefined : ports.bind);
      ({ role, directory } = started);
      break;
    }
    case 'sender': {
      const { linkedSender } = await import('./linked-sender.ts');
      const parts = { log, counters, given, trail, keysPass };
      const { sender, link } = linkedSender(config, path, { index, serial, pass }, parts);
      role = sender;
      await link.open();
      break;
    }
    case 'keys': {
      const { startKeys } = await import('./start-keys.ts');
      const { store } = asked.passwords;
      const parts = { log, troubles, counters, passKey: pass, isShared: identity !== undefined, store };
      role = await startKeys(config, parts);
      break;
    }
    case 'control': {
      const { supervisorAsks } = await import('./control-role.ts');
      const { startControl } = await import('./start-control.ts');
      supervisorWatch = new SupervisorWatch(log, process.ppid);
      supervisorWatch.start();
      const told = {
        allTroubles: () => [...(supervisorWatch?.troubles ?? []), ...allTroubles],
        served: () => served,
        totals: () => totals,
        troubles,
        counters,
      };
      const asks = supervisorAsks(asked, tellSupervisor);
      ({ role, directory } = await startControl(config, begin, { log, asks, told, trail }));
      break;
    }
    default:
      throw new Error(`no role is called "${roleName}"`);
  }
  if (newerConfig !== undefined) void role.configure(newerConfig);
  tellSupervisor({ kind: 'started', facts: role.facts });
}

function givenCertificates(): Promise<GivenCertificates> {
  certificates ??= import('./given-certificates.ts').then((loaded) => new loaded.GivenCertificates());
  return certificates;
}

async function configure(running: Role, config: Config, reload: number): Promise<void> {
  directory?.configure(config);
  signing?.configure(config);
  const notOpen = await running.configure(config);
  if (notOpen !== undefined) tellSupervisor({ kind: 'configured', reload, notOpen });
}

async function stop(graceMs: number): Promise<void> {
  await role?.stop(graceMs);
  endCounts();
  directory?.close();
  signing?.close();
  await logger?.close();
  process.disconnect?.();
}

function failed(error: unknown): void {
  const known = error instanceof SluiceError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  // A SluiceError says what to do; any other error is a bug of Sluice, so its stack is logged.
  const detail = known === undefined && error instanceof Error ? (error.stack ?? message) : message;
  logger?.error(`the ${roleName} process failed: ${detail}`);
  if (known === undefined) reportError(error);
  tellSupervisor({
    kind: 'failed',
    code: known?.code ?? 'ROLE_FAILED',
    message,
    advice: known?.advice ?? '',
  });
  process.exitCode = 1;
  // After this turn, so that the message above is sent before the process ends.
  setImmediate(() => process.exit(1));
}

process.on('message', (message: SupervisorToRole, socket: unknown) => {
  supervisorWatch?.heard();
  switch (message.kind) {
    case 'start':
      start(message.config, message).catch(failed);
      break;
    case 'ping':
      asked.reloads.supervisorLives();
      trail.flush();
      tellSupervisor({ kind: 'alive' });
      break;
    case 'senderEnded':
      manager.whenThere((running) => running.senderEnded(message.serial));
      break;
    case 'configure':
      reopenLog(logger);
      logger?.setLevel(message.config.log.level);
      prepareReports(message.config.crash, roleName as RoleName);
      if (role === undefined) newerConfig = message.config;
      else void configure(role, message.config, message.reload);
      break;
    case 'reopenLog':
      reopenLog(logger);
      break;
    case 'drain':
      role?.drain();
      break;
    case 'stop':
      stop(message.graceMs).catch(failed);
      break;
    case 'reloaded':
    case 'crashTested':
    case 'queueStateSet':
    case 'passwordStored':
      asked.take(message);
      break;
    case 'setAside':
      manager.whenThere((running) => running.setAside(message.messages, message.areKnown));
      break;
    case 'crash':
      crashThisProcess(message.by);
      break;
    case 'port':
      ports?.answered(message, socket);
      break;
    case 'certificates':
      void givenCertificates().then((certificate) => certificate.give(message.material));
      break;
    case 'identities':
    case 'secrets':
    case 'srs':
    case 'programEnded':
      given.take(message);
      break;
    case 'renewed':
      manager.whenThere((running) => running.renewed(message.credentials));
      break;
    case 'served':
      served = message.certificates;
      break;
    case 'troubles':
      allTroubles = message.troubles;
      break;
    case 'totals':
      totals = message.totals;
      break;
    default:
      message satisfies never;
  }
});
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
// The supervisor gets the same signals and decides when to stop. When it is gone, this process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(process.exitCode ?? 0));
