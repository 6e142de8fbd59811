// Operators' questions to the manager: hands each to the part that answers it.

import type { Service } from '../control/operations/operation.ts';
import { managerOperations, type ManagerSet } from '../control/operations/sets.ts';
import { OperationAnswerer } from '../channel/operation-answerer.ts';
import type { Response } from '../channel/messages.ts';
import type { Logger } from '../log/logger.ts';
import type { DiversionDesk } from './diversions/diversion-desk.ts';
import type { DefenceDesk } from './defence-desk.ts';
import type { InForce } from './in-force.ts';
import type { LimitOperations } from './limit-operations.ts';
import type { QueueReader, SpoolStore } from '../spool/types.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import type { ReportsAnswers } from './reports/reports-answers.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { Manager } from './manager.ts';
import type { Mover } from './moves/mover.ts';
import type { Senders } from './senders.ts';
import type { RouteTables } from './ports.ts';
import type { DomainDesk } from './provisioning/domain-desk.ts';
import { DomainWatch } from './provisioning/domain-watch.ts';
import { QuarantineAge, type QuarantineAgeParts } from './quarantine-age.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import { QueueChanges, type QueueChangesParts } from './queue-changes.ts';
import { QueueJobs } from './jobs/queue-jobs.ts';
import { QueueListings, type QueueListingsParts } from './queue-listings.ts';
import { SetAside } from './set-aside.ts';
import type { SendingAnswers } from './sending-answers.ts';
import { shownSender } from './shown-sender.ts';
import type { ReceiverCalls } from './receiver-calls.ts';
import { StatusAnswers, type StatusParts } from './status-answers.ts';
import { answerAboutSts, type StsAnswersParts } from './sts-answers.ts';
import type { UnreadableMail } from './unreadable-mail.ts';
import type { Reroutes } from './ways/reroutes.ts';

/** Operators' questions about limits, and changes of limits. */
export type LimitAnswers = Pick<
  LimitOperations,
  'explain' | 'limits' | 'overrides' | 'setOverrides' | 'unsetOverrides'
>;

export interface OperationsParts
  extends Omit<QueueListingsParts, 'setAside'>, QueueChangesParts, StatusParts {
  readonly manager: QueueChangesParts['manager'] & Pick<Manager, 'receivedAtMs' | 'reporting' | 'showDates'>;
  readonly store: Pick<SpoolStore, 'flush' | 'isDamaged' | 'locate' | 'states' | 'usage'>;
  readonly senders: Pick<Senders, 'count' | 'heard'>;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly limits: LimitAnswers;
  /** As `ClockWatch.confirm`. */
  readonly confirmClock: () => number | undefined;
  readonly unreadable: UnreadableMail;
  readonly reroutes: Reroutes;
  readonly mover: Pick<Mover, 'isElsewhere' | 'move'>;
  /** Of queues beside the default one, whose stores follow the first in this order. */
  readonly queueNames: () => readonly string[];
  readonly sts: StsAnswersParts;
  readonly srs: LiveSrs;
  readonly reports: ReportsAnswers;
  readonly reader: QueueReader;
  readonly sending: SendingAnswers;
  readonly defences: Pick<DefenceDesk, 'greylist' | 'rates' | 'backup'>;
  readonly quarantine: Pick<QuarantineDesk, 'sizeOf' | 'shown'>;
  readonly queues: Pick<QueueDesk, 'shown' | 'rooms' | 'domainRooms'>;
  readonly troubles?: Troubles | undefined;
  readonly diverting: Pick<DiversionDesk, 'add' | 'diversions' | 'receivers'>;
}

export class Operations {
  readonly setAside: SetAside;
  /** What operators ask receivers. */
  readonly receivers: ReceiverCalls;
  readonly #parts: OperationsParts;
  readonly #service: Service<ManagerSet>;
  readonly #jobs: QueueJobs;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
    const { diversions, receivers } = parts.diverting;
    this.receivers = receivers;
    const { defences, limits, reports, sending, unreadable } = parts;
    this.setAside = new SetAside(parts);
    const listings = new QueueListings({ ...parts, setAside: this.setAside });
    this.#jobs = new QueueJobs({ ...parts, changes: new QueueChanges(parts) });
    const jobs = this.#jobs;
    const status = new StatusAnswers(parts);
    this.#service = {
      status: (question) => status.answer(question),
      ping: () => null,
      page: ({ filter, cursor }) => listings.page(filter, cursor),
      examine: (messages) => unreadable.examine(messages),
      'queue.etrn': (question) => defences.backup.askOthers(question),
      'queue.change': (change, call) => jobs.change(change, call),
      'job.list': () => jobs.list(),
      'job.cancel': (name) => jobs.cancel(name),
      explain: (question) => limits.explain(question),
      limits: (question) => limits.limits(question),
      'override.list': () => limits.overrides(),
      'override.set': (change) => limits.setOverrides(change),
      'override.unset': (end) => limits.unsetOverrides(end),
      'divert.add': (question) => parts.diverting.add(question, parts.store.states?.()),
      'divert.list': () => diversions.list,
      'divert.end': (question) => diversions.end(question),
      'clock.confirm': () => parts.confirmClock() ?? null,
      'tls.sts': (question) => answerAboutSts(parts.sts, question),
      'srs.sender': ({ sender, receivedAtMs }) =>
        shownSender(parts.srs, sender, receivedAtMs, parts.dateMs()),
      'reports.list': (question) => reports.list(question),
      'reports.show': (name) => reports.show(name),
      'reports.send': (name) => reports.send(name),
      'sending.list': (question) => sending.list(question),
      'sending.reset': (question) => sending.reset(question),
      'sending.explain': (question) => sending.explain(question),
      'greylist.list': (question) => defences.greylist.answers.list(question),
      'greylist.networks': (question) => defences.greylist.answers.networks(question),
      'greylist.stats': () => defences.greylist.answers.stats(),
      'greylist.allow': (question) => defences.greylist.answers.allow(question),
      'greylist.forget': (question) => defences.greylist.answers.forget(question),
      'rates.list': (question) => defences.rates.list(question),
      'rates.reset': (question) => defences.rates.reset(question),
      'policy.stages': (question) => this.receivers.ask('policy.stages', question),
      'policy.piece': (question) => this.receivers.ask('policy.piece', question),
      'policy.mail': (question, call) => this.receivers.ask('policy.mail', question, call),
    };
  }

  /** The jobs of operators, which end before Sluice stops. */
  get jobs(): Pick<QueueJobs, 'cancelAll' | 'idle'> {
    return this.#jobs;
  }

  /** Ends the stay of mail that has been in quarantine too long; the caller starts and stops it. */
  quarantineAge(inForce: Pick<InForce, 'config'>, clock: QuarantineAgeParts['clock']): QuarantineAge {
    const changes = new QueueChanges(this.#parts);
    return new QuarantineAge({ ...this.#parts, changes, config: () => inForce.config, clock });
  }

  /** Brings waiting mail where the records of its domain say; the caller starts and stops it. */
  domainWatch(
    desk: DomainDesk,
    tables: Pick<RouteTables, 'onChange'> | undefined,
    reroute: () => void,
  ): DomainWatch {
    const changes = new QueueChanges(this.#parts);
    const troubles = this.#parts.troubles;
    return new DomainWatch({ ...this.#parts, changes, troubles, desk, tables, reroute });
  }

  /** Answers what is asked over one link. */
  answerer(respond: (response: Response) => void): OperationAnswerer<ManagerSet> {
    const { manager, log } = this.#parts;
    return new OperationAnswerer(
      {
        set: managerOperations,
        service: this.#service,
        party: 'The manager',
        before: () => manager.showDates(),
        failed: (message) => log.error(`an operator's request failed: ${message}`),
      },
      respond,
    );
  }
}
