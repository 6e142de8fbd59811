// What operators of one queue may ask. Promises: each operation is either refused, or its question is about mail of that queue alone, whatever it
// named, and its answer tells of no other; a new operation does not compile before somebody has decided.

import { ControlError } from './control-error.ts';
import type { ControlName } from './control-protocol.ts';
import type { Call, Service } from './operations/operation.ts';
import type { JobProgress } from './operations/queue-change.ts';
import type { ControlSet } from './operations/sets.ts';
import type { StatusAnswer } from './operations/status.ts';
import type { QueueFilter, QueueRow } from './queue-row.ts';

type Ask<Name extends ControlName> = (
  service: Service<ControlSet>,
  queue: string,
  question: ControlSet[Name]['question'],
  call: Call<ControlSet[Name]['part']>,
) => ControlSet[Name]['answer'] | Promise<ControlSet[Name]['answer']>;

/** `refused`: it is about the whole instance, or tells of other mail. */
type Decisions = { readonly [Name in ControlName]: 'refused' | Ask<Name> };

export const queueDecisions: Decisions = {
  'queue-list': (service, queue, question, call) =>
    service['queue-list']({ ...question, filter: ownFilter(question.filter, queue) }, call),
  'queue.change': async (service, queue, question, call) => {
    const { action, filter, detach } = question;
    if (action === 'move') throw refusal(queue, 'moving mail to another queue');
    // A job that goes on is seen in a list of all jobs.
    if (detach === true) throw refusal(queue, '--detach');
    const report = await service['queue.change'](
      { ...question, filter: ownFilter(filter, queue) },
      { ...call, report: (parts) => call.report(parts.map(ownProgress)) },
    );
    return { ...report, ...ownProgress(report), job: 1 };
  },
  'queue.content': async (service, queue, { queueId }, call) => {
    const { signal } = call;
    const found: QueueRow[] = [];
    const report = (rows: readonly QueueRow[]): void => void found.push(...rows);
    const question = { filter: { ids: [queueId], queue }, limit: 1, located: true };
    await service['queue-list'](question, { signal, report });
    // Where it is stored is what the manager says, and not what the question does.
    const ref = found[0]?.ref;
    if (ref === undefined)
      throw new ControlError(
        'CONTROL_MESSAGE',
        `There is no message ${queueId} in the queue ${queue}.`,
        '"sluice queue list" shows what is in it.',
      );
    return service['queue.content']({ queueId, ref }, call);
  },
  status: async (service, queue, _question, call) =>
    statusOf(await service.status({ sites: 0, tenants: true }, call), queue),
  explain: 'refused',
  limits: 'refused',
  'override.list': 'refused',
  'override.set': 'refused',
  'override.unset': 'refused',
  'divert.add': 'refused',
  'divert.list': 'refused',
  'divert.end': 'refused',
  'clock.confirm': 'refused',
  'queue.etrn': 'refused',
  'queue.state': 'refused',
  'job.list': 'refused',
  'job.cancel': 'refused',
  'tls.sts': 'refused',
  'srs.sender': 'refused',
  'reports.list': 'refused',
  'reports.show': 'refused',
  'reports.send': 'refused',
  'sending.list': 'refused',
  'sending.reset': 'refused',
  'sending.explain': 'refused',
  'policy.stages': 'refused',
  'policy.try': 'refused',
  'greylist.list': 'refused',
  'greylist.networks': 'refused',
  'greylist.stats': 'refused',
  'greylist.allow': 'refused',
  'greylist.forget': 'refused',
  'rates.list': 'refused',
  'rates.reset': 'refused',
  reload: 'refused',
  'log.reopen': 'refused',
  'crash.test': 'refused',
  tls: 'refused',
  'user.find': 'refused',
  'user.check': 'refused',
  'password.change': 'refused',
  'password.set': 'refused',
  'ban.list': 'refused',
  'ban.lift': 'refused',
};

/** Answers operators of one queue. @param service - answers about everything */
export function performInQueue<Name extends ControlName>(
  service: Service<ControlSet>,
  queue: string,
  name: Name,
  question: ControlSet[Name]['question'],
  call: Call<ControlSet[Name]['part']>,
): ControlSet[Name]['answer'] | Promise<ControlSet[Name]['answer']> {
  const decision: 'refused' | Ask<Name> = queueDecisions[name];
  if (decision === 'refused') throw refusal(queue, `the operation ${name}`);
  return decision(service, queue, question, call);
}

function refusal(queue: string, what: string): ControlError {
  return new ControlError(
    'CONTROL_QUEUE',
    `This socket is for operators of the queue ${queue}, and ${what} is about more than that queue. Nothing was done.`,
    'Ask an administrator of the whole instance (group in [control]), or root.',
  );
}

/** @throws {ControlError} `CONTROL_QUEUE` for another queue */
function ownFilter(filter: QueueFilter, queue: string): QueueFilter {
  if (filter.queue !== undefined && filter.queue !== queue) throw refusal(queue, 'another queue');
  return { ...filter, queue };
}

/** How many messages all queues have is not theirs to know. */
function ownProgress({ messages, recipients }: JobProgress): JobProgress {
  return { seen: messages, of: messages, messages, recipients };
}

function statusOf(answer: StatusAnswer, queue: string): StatusAnswer {
  const { version, nowMs } = answer;
  if (answer.kind === 'complete') {
    const byQueue = (answer.byQueue ?? []).filter((each) => each.queue === queue);
    const own = new Set<string>([`disk:write:${queue}`, `journal:${queue}`]);
    // "disk:write" is a trouble of the default queue.
    if (queue !== 'write') own.add(`disk:${queue}`);
    const troubles = answer.troubles.filter(({ key }) => own.has(key));
    return { kind: 'of-queue', version, nowMs, byQueue, troubles };
  }
  return {
    kind: 'without-manager',
    version,
    nowMs,
    troubles: answer.troubles.filter(({ key }) => key === 'role:manager'),
  };
}
