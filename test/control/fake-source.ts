// A source of answers for the control room: it keeps the requests, and the test sets the answers.

import { join } from 'node:path';
import type { Ban, Failing, FoundUser } from '../../src/directory/types.ts';
import type { PasswordChange, PasswordChanged } from '../../src/directory/password-change.ts';
import type { TestContext } from 'node:test';
import type { ExplainAnswer } from '../../src/control/operations/explain.ts';
import type { LimitsAnswer } from '../../src/control/operations/limits.ts';
import type {
  JobName,
  JobProgress,
  JobReport,
  QueueChange,
} from '../../src/control/operations/queue-change.ts';
import type { OverrideChange, OverrideEndAnswer } from '../../src/control/operations/overrides.ts';
import type {
  SenderAnswer,
  SenderQuestion,
  SendingAnswer,
  SendingQuestion,
  SendingReset,
} from '../../src/control/operations/sending.ts';
import type {
  GreylistAllow,
  GreylistForget,
  GreylistList,
  GreylistNetworks,
  GreylistQuery,
  GreylistStats,
} from '../../src/control/operations/greylist.ts';
import type { RatesAnswer, RatesReset } from '../../src/control/operations/rates.ts';
import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { ListenerTlsFacts } from '../../src/control/operations/tls.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import { passwordSocketOf, readSocketOf } from '../../src/values/control-sockets.ts';
import { controlService } from '../../src/control/control-service.ts';
import type { Call, Service } from '../../src/control/operations/operation.ts';
import type { ManagerSet } from '../../src/control/operations/sets.ts';
import type { Override } from '../../src/control/override.ts';
import { QueueQuery } from '../../src/control/queue-query.ts';
import { StatusDesk } from '../../src/control/status-desk.ts';
import type { ReportedTrouble } from '../../src/stats/trouble-board.ts';
import { localAsker } from './local-asker.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface Answers {
  readonly status?: () => ManagerStatus;
  /** The troubles; none when not given. */
  readonly troubles?: () => readonly ReportedTrouble[];
  /** Whether the manager answers pings; it does when not given. */
  readonly ping?: () => unknown;
  readonly explain?: () => ExplainAnswer;
  readonly limits?: () => LimitsAnswer;
  readonly overrides?: () => readonly Override[];
  readonly set?: (change: OverrideChange) => readonly Override[];
  readonly unset?: () => OverrideEndAnswer;
  readonly confirm?: () => number | null;
  readonly change?: (change: QueueChange, call: Call<JobProgress>) => JobReport | Promise<JobReport>;
  readonly jobs?: () => readonly JobReport[];
  readonly cancel?: (name: JobName) => JobReport;
  readonly sending?: (question: SendingQuestion) => SendingAnswer;
  readonly reset?: (reset: SendingReset) => boolean;
  readonly sender?: (question: SenderQuestion) => SenderAnswer;
  readonly greylist?: (query: GreylistQuery) => GreylistList;
  readonly networks?: (query: GreylistQuery) => GreylistNetworks;
  readonly stats?: () => readonly GreylistStats[];
  readonly allow?: (allow: GreylistAllow) => string;
  readonly forget?: (forget: GreylistForget) => number;
  readonly rates?: () => RatesAnswer;
  readonly resetRates?: (reset: RatesReset) => boolean;
  readonly find?: (address: string) => FoundUser;
  readonly password?: (change: PasswordChange) => PasswordChanged;
  readonly bans?: () => readonly Ban[] | Failing;
  /** Of the operation `tls`; none when not given. */
  readonly listeners?: () => readonly ListenerTlsFacts[];
  readonly lift?: (target: string | undefined) => readonly Ban[] | Failing;
}

export interface Running {
  readonly socket: string;
  /** A configuration file that names the socket. */
  /** For those who may only ask. */
  readonly readSocket: string;
  /** For users who change their own password. */
  readonly passwordSocket: string;
  readonly folder: string;
  /** The requests, in order. */
  readonly asked: readonly (readonly [what: string, parameters: unknown])[];
  /** Faults of Sluice that were reported. */
  readonly failures: readonly string[];
}

/** A control server on a socket of its own, until the test ends. */
export async function controlServer(t: TestContext, answers: Answers): Promise<Running> {
  const { path: folder, atEnd } = temporaryFolder(t, 'control');
  const socket = join(folder, 'control.sock');
  const asked: [string, unknown][] = [];
  const failures: string[] = [];
  const answer =
    <P, C, R>(what: string, of: ((parameters: P, call: C) => R) | undefined) =>
    async (parameters: P, call: C): Promise<Awaited<R>> => {
      asked.push([what, parameters]);
      if (of === undefined) throw new Error(`nobody expected ${what}`);
      return await of(parameters, call);
    };
  const service: Service<ManagerSet> = {
    page: () => ({ rows: [], cursor: undefined }),
    'queue.change': answer('change', answers.change),
    'queue.etrn': answer('etrn', undefined),
    'job.list': answer('jobs', answers.jobs),
    'job.cancel': answer('cancel', answers.cancel),
    examine: () => [],
    status: answer('status', answers.status),
    ping: async () => {
      await (answers.ping ?? (() => null))();
      return null;
    },
    explain: answer('explain', answers.explain),
    limits: answer('limits', answers.limits),
    'tls.sts': answer('sts', undefined),
    'srs.sender': answer('srs', undefined),
    'reports.list': answer('reports', undefined),
    'reports.show': answer('report', undefined),
    'reports.send': answer('send', undefined),
    'divert.add': () => Promise.reject(new Error('not asked')),
    'divert.list': () => [],
    'divert.end': () => ({ ended: [], missing: [] }),
    'override.list': answer('overrides', answers.overrides),
    'override.set': answer('set', answers.set),
    'override.unset': answer('unset', answers.unset),
    'clock.confirm': answer('confirm', answers.confirm),
    'sending.list': answer('sending', answers.sending),
    'sending.reset': answer('reset', answers.reset),
    'sending.explain': answer('sender', answers.sender),
    'greylist.list': answer('greylist', answers.greylist),
    'greylist.networks': answer('networks', answers.networks),
    'greylist.stats': answer('stats', answers.stats),
    'greylist.allow': answer('allow', answers.allow),
    'greylist.forget': answer('forget', answers.forget),
    'rates.list': answer('rates', answers.rates),
    'rates.reset': answer('reset rates', answers.resetRates),
    'policy.stages': answer('stages', undefined),
    'policy.piece': () => null,
    'policy.mail': answer('try', undefined),
  };
  const ask = localAsker(service);
  const reader = { read: unread, readEnvelope: unread, close: () => undefined };
  const server = new ControlServer({
    service: controlService({
      ask,
      queue: new QueueQuery(ask, reader as never),
      mail: { salvage: unread },
      desk: new StatusDesk({ ask, troubles: answers.troubles ?? (() => []) }),
      crash: () => Promise.resolve({ pid: 1 }),
      setQueue: () => Promise.resolve({ problem: '', notDone: [] }),
      reload: () => Promise.resolve({ afterRestart: [] }),
      reopenLog: unread,
      tls: () => ({ nowMs: 0, certificates: [], listeners: answers.listeners?.() ?? [] }),
      directory: {
        find: (address) => Promise.resolve(answer('find', answers.find)(address, undefined)),
        checkPassword: unread,
        bans: () => answer('bans', answers.bans)({}, undefined),
        changePassword: (change) => Promise.resolve(answer('password', answers.password)(change, undefined)),
        liftBans: (target) => answer('lift', answers.lift)(target, undefined),
      },
    }),
    failed: (message) => failures.push(message),
  });
  await server.listen(socket, 'change', undefined);
  const readSocket = readSocketOf(socket);
  const passwordSocket = passwordSocketOf(socket);
  await server.listen(passwordSocket, 'own', undefined);
  await server.listen(readSocket, 'read', undefined);
  atEnd(() => server.close());
  return { socket, readSocket, passwordSocket, folder, asked, failures };
}

function unread(): never {
  throw new Error('nothing is in the spool');
}
