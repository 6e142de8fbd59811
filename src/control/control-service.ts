// Answers the operations of the control socket: from the manager, the spool and the list of troubles.

import { askTrial } from './ask-trial.ts';
import type { PasswordChange, PasswordChanged } from '../directory/password-change.ts';
import type { Ban, Directory, Failing } from '../directory/types.ts';
import type { Asker, Service } from './operations/operation.ts';
import type { CrashTestAnswer, CrashTestQuestion } from './operations/crash-test.ts';
import type { QueueStateAnswer, QueueStateQuestion } from './operations/queue-state.ts';
import type { Reloaded, ReloadQuestion } from './operations/reload.ts';
import type { ControlSet, ManagerSet } from './operations/sets.ts';
import type { ServedTls } from './operations/tls.ts';
import type { SpoolSalvager } from '../spool/types.ts';
import type { QueueQuery } from './queue-query.ts';
import type { StatusDesk } from './status-desk.ts';

/** Reads the configuration again; rejects when it is refused, or when the question names another file than Sluice reads. */
export type Reload = (question: ReloadQuestion) => Promise<Reloaded>;

/** The directory, as far as operators ask about it. */
export interface UsersAndBans extends Pick<Directory, 'find' | 'checkPassword'> {
  bans(): Promise<readonly Ban[] | Failing>;
  liftBans(target: string | undefined): Promise<readonly Ban[] | Failing>;
  /** With the password until now: the user asks; without it, an operator. */
  changePassword(change: PasswordChange): Promise<PasswordChanged>;
}

export interface ControlServiceParts {
  /** Asks the manager. */
  readonly ask: Asker<ManagerSet>;
  readonly queue: QueueQuery;
  /** Reads messages, damaged ones too. */
  readonly mail: Pick<SpoolSalvager, 'salvage'>;
  readonly desk: StatusDesk;
  readonly reload: Reload;
  /** Makes all processes open the log file again. */
  readonly reopenLog: () => void;
  /** Has a process crash. */
  readonly crash: (question: CrashTestQuestion) => Promise<CrashTestAnswer>;
  /** Stops or starts a queue. */
  readonly setQueue: (question: QueueStateQuestion) => Promise<QueueStateAnswer>;
  /** What receivers serve under TLS. */
  readonly tls: () => ServedTls;
  /** Who users are, and whether a password is right. */
  readonly directory: UsersAndBans;
}

export function controlService({
  ask,
  queue,
  mail,
  desk,
  reload,
  reopenLog,
  crash,
  setQueue,
  tls,
  directory,
}: ControlServiceParts): Service<ControlSet> {
  return {
    explain: (question, call) => ask('explain', question, call),
    limits: (question, call) => ask('limits', question, call),
    'divert.add': (question, call) => ask('divert.add', question, call),
    'divert.list': (question, call) => ask('divert.list', question, call),
    'divert.end': (question, call) => ask('divert.end', question, call),
    'override.list': (question, call) => ask('override.list', question, call),
    'override.set': (question, call) => ask('override.set', question, call),
    'override.unset': (question, call) => ask('override.unset', question, call),
    'clock.confirm': (question, call) => ask('clock.confirm', question, call),
    'queue.change': (question, call) => ask('queue.change', question, call),
    'queue.etrn': (question, call) => ask('queue.etrn', question, call),
    'job.list': (question, call) => ask('job.list', question, call),
    'job.cancel': (question, call) => ask('job.cancel', question, call),
    'reports.list': (question, call) => ask('reports.list', question, call),
    'reports.show': (question, call) => ask('reports.show', question, call),
    'reports.send': (question, call) => ask('reports.send', question, call),
    'sending.list': (question, call) => ask('sending.list', question, call),
    'sending.reset': (question, call) => ask('sending.reset', question, call),
    'sending.explain': (question, call) => ask('sending.explain', question, call),
    'greylist.list': (question, call) => ask('greylist.list', question, call),
    'greylist.networks': (question, call) => ask('greylist.networks', question, call),
    'greylist.stats': (question, call) => ask('greylist.stats', question, call),
    'greylist.allow': (question, call) => ask('greylist.allow', question, call),
    'greylist.forget': (question, call) => ask('greylist.forget', question, call),
    'rates.list': (question, call) => ask('rates.list', question, call),
    'rates.reset': (question, call) => ask('rates.reset', question, call),
    'policy.stages': (question, call) => ask('policy.stages', question, call),
    'srs.sender': (question, call) => ask('srs.sender', question, call),
    'tls.sts': (question, call) => ask('tls.sts', question, call),
    status: (question) => desk.answer(question),
    reload: (question) => reload(question),
    'log.reopen': () => {
      reopenLog();
      return null;
    },
    'crash.test': (question) => crash(question),
    'queue.state': (question) => setQueue(question),
    tls: () => tls(),
    'user.find': ({ address }) => directory.find(address),
    'user.check': (question) => directory.checkPassword(question),
    'password.change': async (question) => toUser(await directory.changePassword(question)),
    'password.set': ({ login, next }) => directory.changePassword({ login, next }),
    'ban.list': () => directory.bans(),
    'ban.lift': ({ target }) => directory.liftBans(target),
    'policy.try': (question, { signal }) => askTrial(ask, question, signal),
    'queue.content': async ({ queueId, ref }, { signal, report }) => {
      const { envelope, faults, stream } = await mail.salvage(queueId, ref);
      await report([{ kind: 'envelope', json: envelope === undefined ? null : JSON.stringify(envelope) }]);
      for await (const piece of stream()) {
        if (signal.aborted) break;
        await report([{ kind: 'bytes', base64: Buffer.from(piece).toString('base64') }]);
      }
      return { faults };
    },
    'queue-list': async ({ filter, limit, located }, { signal, report }) => {
      for await (const rows of queue.list(filter, limit, located)) {
        if (signal.aborted) break;
        await report(rows);
      }
      return null;
    },
  };
}

/** Reasons tell which users there are: they are for operators and the log. */
function toUser(answer: PasswordChanged): PasswordChanged {
  if (answer.kind === 'wrong') return { kind: 'wrong', reason: 'the password is wrong' };
  return answer.kind === 'failing' ? { kind: 'failing', reason: 'the users cannot be asked' } : answer;
}
