// Puts the inner parts of a manager together: those that carry events to the scheduler, carry out its effects, and hand
// outcomes to the journal. Called by `assemble.ts`.

import type { SenderPort } from './ports.ts';
import type { SteadyClock } from '../io/steady-clock.ts';
import type { Timers } from '../io/timers.ts';
import type { Events } from '../log/events.ts';
import type { Logger } from '../log/logger.ts';
import type { Scheduler } from '../schedule/types.ts';
import type { QueueReader, SpoolStore } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { BackupSurroundings } from './backup/backup-desk.ts';
import type { Bouncer } from './bouncer.ts';
import type { ManagerEvents } from './manager-events.ts';
import { Manager } from './manager.ts';
import type { DoubtfulMoves } from './moves/doubtful-moves.ts';
import type { Routing } from './routing.ts';
import type { Shaping } from './shaping.ts';
import { Admission } from './admission.ts';
import { Damage } from './damage.ts';
import { DamagedMail } from './damaged-mail.ts';
import type { DefenceDesk } from './defence-desk.ts';
import { DelayWatch } from './delay-watch.ts';
import { DeferralLog } from './deferral-log.ts';
import { Effects } from './effects.ts';
import { forgetStore } from './forget-store.ts';
import { Flights } from './flights.ts';
import { LocalFailures } from './local-failures.ts';
import type { Logins } from './logins.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import { Lookups } from './lookups.ts';
import type { PluginsInForce } from './plugins/plugins-in-force.ts';
import { RouteQuestions } from './plugins/route-questions.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { RateState } from './rate-state.ts';
import { Results } from './results.ts';
import { settledReports } from './settled-reports.ts';
import { Settlement } from './settlement.ts';
import type { TlsSessions } from './tls-sessions.ts';
import { VisitDesk } from './visit-desk.ts';

export interface CoreSurroundings {
  readonly events: ManagerEvents;
  readonly store: SpoolStore;
  readonly reader: QueueReader;
  readonly scheduler: Scheduler;
  readonly routing: Routing;
  readonly shaping: Shaping;
  readonly senders: SenderPort;
  readonly handshakes: LastHandshakes;
  readonly logins: Logins;
  readonly pipelining: PipeliningMemory;
  readonly bouncer: Bouncer;
  readonly log: Logger;
  readonly happenings: Events;
  readonly clock: SteadyClock;
  readonly lookAtClock: () => void;
  readonly timers: Timers;
  readonly troubles: Troubles;
  readonly tlsSessions: TlsSessions;
  readonly plugins: PluginsInForce;
  readonly rates: RateState;
  readonly quarantine: QuarantineDesk;
  readonly queues: QueueDesk;
  readonly tallies: QueueTallies;
  readonly defences: DefenceDesk;
  readonly errands: BackupSurroundings['senders'];
  readonly doubtful: DoubtfulMoves;
}

export function assembleCore(around: CoreSurroundings): Manager {
  const { events, store, reader, scheduler, routing, clock, log, plugins } = around;
  const { backup } = around.defences;
  const admission = new Admission(scheduler, store, routing, clock, plugins.asked, around);
  const flights = new Flights({ store, admission, clock });
  const reports = settledReports(around);
  const deferrals = new DeferralLog(around.happenings, reader, around.tallies);
  const { news } = plugins;
  const settlement = new Settlement({ ...around, admission, reports, deferrals, news });
  const delays = new DelayWatch({ ...around, admission, reports, settlement });
  const lookups = new Lookups({
    routing,
    nowMs: clock.nowMs,
    resolved: (route, plan) => events.post({ kind: 'resolved', route, plan }),
  });
  const { asked, watch } = plugins;
  const questions = new RouteQuestions({
    ...around,
    asked,
    plugins: () => plugins.routing,
    routeNames: () => plugins.routeNames,
    watch,
    passesHolds: (message) => admission.passesHolds(message),
    routed: (routed) => events.post({ kind: 'routed', routed }),
  });
  const changed = (): void => manager.settle();
  events.forget = (store) => forgetStore({ ...around, settle: changed }, store);
  const visits = new VisitDesk({ scheduler, timers: around.timers, nowMs: clock.nowMs, changed });
  around.defences.count(visits);
  const effects = new Effects({
    ...around,
    backup,
    visits,
    lookups,
    questions,
    flights,
    settlement,
    admission,
  });
  const damaged = new DamagedMail(around);
  const damage = new Damage({ scheduler, damaged, settlement });
  const localFailures = new LocalFailures(log);
  const results = new Results({
    ...around,
    backup,
    flights,
    effects,
    settlement,
    damage,
    localFailures,
    news,
  });
  const manager = new Manager({
    ...around,
    admission,
    lookups,
    questions,
    results,
    effects,
    settlement,
    reports,
    damage,
    damaged,
    delays,
    flights,
  });
  backup.serve({ ...around, senders: around.errands, changed });
  return manager;
}
