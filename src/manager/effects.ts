// Carries out the scheduler's effects: grants go to the senders, look-ups to the router, outcomes to the settlement.

import type { AttemptResult } from '../deliver/types.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import { drive, type EffectHandlers, type EffectOf } from '../schedule/drive.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { Admission } from './admission.ts';
import type { BackupDesk } from './backup/backup-desk.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import type { Flights } from './flights.ts';
import { isBeingAsked } from './plugins/asked-routes.ts';
import type { RouteQuestions } from './plugins/route-questions.ts';
import type { Lookups } from './lookups.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import type { SenderPort } from './ports.ts';
import type { RateState } from './rate-state.ts';
import type { Settlement } from './settlement.ts';
import type { TlsSessions } from './tls-sessions.ts';
import type { VisitDesk } from './visit-desk.ts';

export interface EffectsParts {
  readonly scheduler: Scheduler;
  readonly senders: SenderPort;
  readonly handshakes: Pick<LastHandshakes, 'opened'>;
  readonly pipelining: Pick<PipeliningMemory, 'opened'>;
  readonly backup: Pick<BackupDesk, 'opened'>;
  readonly visits: Pick<VisitDesk, 'begun'>;
  readonly lookups: Lookups;
  readonly questions: Pick<RouteQuestions, 'ask'>;
  readonly flights: Flights;
  readonly tlsSessions: TlsSessions;
  /** Told of each grant: one that nobody's report led to uses up rates, too. */
  readonly rates: Pick<RateState, 'touched'>;
  readonly settlement: Settlement;
  readonly admission: Pick<Admission, 'queueIdOf'>;
  readonly clock: Pick<DatedClock, 'nowMs'>;
}

export class Effects implements EffectHandlers {
  readonly #parts: EffectsParts;
  /** The message and results of the attempt that caused the effects; undefined when no attempt did. */
  #attempted: MessageHandle | undefined;
  #results: readonly AttemptResult[] | undefined;

  constructor(parts: EffectsParts) {
    this.#parts = parts;
  }

  /**
   * Carries out all effects of the scheduler.
   * @param attempted - the message of the attempt whose results the scheduler has just been given
   * @param results - the results of that attempt
   */
  carryOut(attempted?: MessageHandle, results?: readonly AttemptResult[]): void {
    this.#attempted = attempted;
    this.#results = results;
    drive(this.#parts.scheduler, this);
    this.#results = undefined;
  }

  connect(effect: EffectOf<'connect'>): void {
    const { connection, site, hop, source = '', transaction } = effect;
    this.#parts.backup.opened(effect);
    this.#parts.tlsSessions.begins(effect);
    const work = this.#parts.flights.begin(connection, transaction);
    this.#parts.handshakes.opened(connection, hop);
    const without = this.#parts.pipelining.opened(connection, hop.key);
    const grant = { connection, site, hop, source, work };
    this.#parts.rates.touched();
    this.#parts.senders.connect(without === undefined ? grant : { ...grant, without });
  }

  transact({ connection, transaction }: EffectOf<'transact'>): void {
    this.#parts.rates.touched();
    this.#parts.senders.transact(connection, this.#parts.flights.begin(connection, transaction));
  }

  close({ connection }: EffectOf<'close'>): void {
    this.#parts.senders.close(connection);
  }

  visit(effect: EffectOf<'visit'>): void {
    this.#parts.rates.touched();
    this.#parts.visits.begun(effect);
  }

  resolve({ route, key }: EffectOf<'resolve'>): void {
    const { lookups, questions, scheduler, clock } = this.#parts;
    if (isBeingAsked(key)) {
      questions.ask(route);
      return;
    }
    const known = lookups.ask(route, key);
    if (known !== undefined) scheduler.routeResolved(route, known, clock.nowMs());
  }

  delivered({ message, recipient }: EffectOf<'delivered'>): void {
    this.#parts.settlement.delivered(this.#parts.admission.queueIdOf(message), recipient, message);
  }

  deferred(effect: EffectOf<'deferred'>): void {
    this.#parts.settlement.deferred(effect, effect.message === this.#attempted ? this.#results : undefined);
  }

  failed({ message, recipient, refusal, expired, tenant }: EffectOf<'failed'>): void {
    const queueId = this.#parts.admission.queueIdOf(message);
    this.#parts.settlement.failed(queueId, recipient, refusal, expired, message, tenant);
  }

  done({ message }: EffectOf<'done'>): void {
    this.#parts.settlement.done(message);
  }
}
