// The one place where a manager is put together from what it is given (`ports.ts`): used by its process on a real machine,
// and by the simulation of the whole system on a simulated one. Each part has all that it needs when it is made. A part that notices
// something by itself posts to `ManagerEvents`, which is made first; the manager consumes them from the moment it is made.
//
//   const manager = await assemble({ config, machine, spool, openRouter, log, counted, troubles });
//   manager.links.introduce(hello, channel, rest);        // for each role that links to it
//   manager.configure(config);                            // at a reload
//   manager.drain(); ...; await manager.stop(graceMs);    // or, in a simulated crash, nothing: forget it, stop its timers

import { Events, logListener } from '../log/events.ts';
import { createScheduler } from '../schedule/create-scheduler.ts';
import { State } from '../schedule/state.ts';
import type { MessageHandle } from '../schedule/types.ts';
import { srsSettings } from '../settings/srs.ts';
import { LiveSrs } from '../srs/live-srs.ts';
import { assembleCore } from './assemble-core.ts';
import { AssembledManager } from './assembled-manager.ts';
import { GivingUp } from './giving-up.ts';
import { InForce } from './in-force.ts';
import type { Manager } from './manager.ts';
import { LinkedRoles } from './linked-roles.ts';
import { Links } from './links.ts';
import { Maintenance } from './maintenance.ts';
import { ManagerEvents } from './manager-events.ts';
import { NameServers } from './name-servers.ts';
import { openBouncer } from './open-bouncer.ts';
import { openClock } from './open-clock.ts';
import { Operations } from './operations.ts';
import { openTlsState } from './open-tls-state.ts';
import { openOverdueWatch } from './open-overdue-watch.ts';
import { openStore } from './open-store.ts';
import { ReportStores } from './report-stores.ts';
import { PluginsInForce } from './plugins/plugins-in-force.ts';
import type { ManagerParts } from './given-parts.ts';
import { RateState } from './rate-state.ts';
import { Logins } from './logins.ts';
import { LastHandshakes } from './last-handshakes.ts';
import { PipeliningState } from './pipelining-state.ts';
import { RenewedLogins } from './renewed-logins.ts';
import { RoleCounters } from './role-counters.ts';
import { Routing } from './routing.ts';
import { Senders } from './senders.ts';
import { SendingDesk } from './sending-desk.ts';
import { DefenceDesk } from './defence-desk.ts';
import { QuarantineDesk } from './quarantine-desk.ts';
import { QueueDesk } from './queue-desk.ts';
import { QueueRooms } from './queue-rooms.ts';
import { QueueTallies } from './queue-tallies.ts';
import { DomainRooms } from './provisioning/domain-rooms.ts';
import { DomainDesk } from './provisioning/domain-desk.ts';
import { openMoves } from './moves/open-moves.ts';
import { Mover } from './moves/mover.ts';
import { Storms } from './diversions/storms.ts';
import { openShaping } from './open-shaping.ts';
import { openOnward } from './onward/open-onward.ts';
import { Reports } from './reports/reports.ts';
import { openSourceWatch } from './open-source-watch.ts';
import { UnreadableMail } from './unreadable-mail.ts';
import { openRerouting } from './ways/open-rerouting.ts';

/**
 * Makes a manager, recovers the queue and begins to schedule; it grants nothing before senders are linked.
 * @throws {SpoolError} when the spool cannot be opened
 */
export async function assemble(parts: ManagerParts): Promise<AssembledManager> {
  const { config, machine, spool, log, counted, troubles, signing, srs = new LiveSrs() } = parts;
  const { timers, files } = machine;
  srs.configure(srsSettings(config));
  const events = new ManagerEvents();
  const storms = new Storms();
  const counters = new RoleCounters();
  const happenings = new Events([logListener(log), counted, storms]);
  const inForce = new InForce(config, machine.facts);
  const store = await openStore(parts, events);
  const reader = spool.openReader();
  const writers = await spool.openWriters();
  const clockWatch = await openClock(parts, events);
  const { clock } = clockWatch;
  const nameServers = new NameServers({
    log,
    troubles,
    nowMs: timers.nowMs,
    changed: (isOutage) => events.post({ kind: 'outage', isOutage }),
  });
  const tlsState = { folder: config.spool, machine, log, troubles, dateMs: clock.dateMs };
  const { sts, tlsSessions } = await openTlsState(tlsState);
  const domains = await DomainDesk.open(config, { ...parts, files, timers, clock });
  const routing = new Routing(config, {
    domains,
    open: parts.openRouter,
    nameServers,
    sts: { keeper: sts.keeper, leftOut: (domain, host) => tlsSessions.hostLeftOut(domain, host) },
    nowMs: clock.nowMs,
    tables: parts.routeTables,
  });
  const around = { machine, inForce, clockWatch, log, troubles, events, storms, counters };
  const { shaping, diverting } = await openShaping(around);
  const state = new State(shaping.limits, (domain, sinceMs) => domains.asleepMs(domain, sinceMs));
  const scheduler = createScheduler(shaping.limits, clock.nowMs(), state);
  scheduler.setDateShift(clock.shiftMs);
  const rates = await RateState.open(config, { files, timers, keeper: scheduler, log, nowMs: clock.nowMs });
  const quarantine = new QuarantineDesk(config, troubles);
  const tallies = new QueueTallies(() => spool.queues ?? []);
  const rooms = new QueueRooms(config, { troubles, names: () => spool.queues ?? [] });
  const domainRooms = new DomainRooms({ troubles, desk: domains });
  const queues = new QueueDesk(config, { troubles, happenings, rooms, domainRooms });
  const desks = { quarantine, queues, tallies };
  const sending = await SendingDesk.open(config, { files, timers, log, clock });
  const defences = new DefenceDesk(config, { timers, log, clock, files, troubles });
  const senders = new Senders({
    perProcess: inForce.capacity().perSender,
    before: parts.others?.senders ?? [],
    timers,
    lost: (connection) => onward.lost(connection),
    carry: (connections) => events.post({ kind: 'carries', connections }),
    awaits: (serials) => {
      parts.others?.awaits(serials);
      events.post({ kind: 'awaits', doesAwait: serials.length > 0 });
    },
  });
  const handshakes = new LastHandshakes(clock.dateMs);
  const plugins = new PluginsInForce(parts, { scheduler, store, reader, handshakes, clock });
  const core = { domains, tallies, inForce, routing, clock, reader, writers, happenings, events };
  const stores = new ReportStores(inForce, writers);
  const bouncer = openBouncer({
    ...core,
    stores,
    timers,
    log,
    troubles,
    signing,
    srs,
    news: plugins.news,
  });
  const logins = new Logins({
    hopOf: (connection) => handshakes.hopOf(connection),
    log,
    troubles,
    dateMs: clock.dateMs,
  });
  const pipelining = await PipeliningState.open({ folder: config.spool, machine, log, nowMs: clock.nowMs });
  const { redirects, onward } = openOnward({ ...core, senders, store, signing, manager: () => manager });
  const { intents, doubtful, holds } = await openMoves({ config, files, log, store, scheduler });
  const manager: Manager = assembleCore({
    doubtful,
    errands: senders,
    handshakes,
    logins,
    pipelining: pipelining.memory,
    events,
    store,
    reader,
    scheduler,
    routing,
    shaping,
    senders: redirects,
    bouncer,
    log,
    happenings,
    clock,
    lookAtClock: () => clockWatch.lookIfStepped(),
    timers,
    troubles,
    tlsSessions,
    plugins,
    rates,
    ...desks,
    defences,
  });
  const changed = () => manager.settle();
  const waiting = {
    scheduler,
    routing,
    asked: plugins.asked,
    timers,
    nowMs: clock.nowMs,
    changed,
    store,
    reader,
    passesHolds: (message: MessageHandle) => manager.passesHolds(message),
  };
  const { rerouter, waysWatch, reroutes } = openRerouting(waiting, parts);
  const sourceWatch = await openSourceWatch({ inForce, machine, log, troubles, events });
  const recovered = await manager.recover();
  const givingUp = new GivingUp({
    store,
    scheduler,
    report: (queueId, ref, recipients) => bouncer.reportNow(queueId, ref, recipients),
    change: (outcomes, action) => manager.change(outcomes, action),
  });
  const unreadable = new UnreadableMail({
    store,
    reader,
    scheduler,
    holdDamaged: (queueId, message, error) => manager.holdDamaged(queueId, message, error),
  });
  const common = { log, troubles, happenings, inForce, routing, tlsSessions, events, clock };
  const reports = await Reports.open({ ...common, folder: config.spool, machine, stores, signing });
  const linked = new LinkedRoles(timers.nowMs);
  const overdue = openOverdueWatch({ scheduler, troubles, timers, clock, manager, handshakes, inForce });
  const queueName = (number: number) => tallies.nameOf(number);
  const stored = { store, reader, writers, intents, doubtful, holds, queueName };
  const mover = new Mover({ ...stored, manager, givingUp, happenings, clock, timers });
  const operations = new Operations({
    queueName,
    holds,
    queueNames: () => parts.spool.queues ?? [],
    mover,
    reroutes,
    counters,
    manager,
    store,
    senders,
    limits: shaping.operations({
      scheduler,
      routing,
      domains,
      handshakes,
      logins,
      sts: sts.keeper,
      srs,
      pipelining: pipelining.memory,
      clock,
      timers,
      overdue,
    }),
    shortages: () => shaping.shortages,
    confirmClock: () => clockWatch.confirm(),
    missing: () => linked.missing,
    givingUp,
    troubles,
    unreadable,
    sts: { keeper: sts.keeper, dateMs: clock.dateMs },
    srs,
    reports: reports.answers,
    reader,
    diverting,
    sending: sending.answers,
    defences,
    ...desks,
    timers,
    dateMs: clock.systemMs,
    counted,
    happenings,
    log,
  });
  const links = { timers, manager, onward, senders, operations, linked, rates, sending, counters };
  return new AssembledManager({
    recovered,
    linked,
    links: new Links({ ...links, storms, ...desks, defences, reports }),
    inForce,
    manager,
    rerouter,
    waysWatch,
    givingUp,
    setAside: operations.setAside,
    jobs: operations.jobs,
    mover,
    senders,
    redirects,
    onward,
    routing,
    plugins,
    shaping,
    rates,
    sending,
    defences,
    ...desks,
    sts,
    srs,
    logins,
    renewedLogins: new RenewedLogins({ scheduler, logins, timers, nowMs: clock.nowMs, changed }),
    tlsSessions,
    reports,
    pipelining,
    store,
    reader,
    writers,
    clockWatch,
    diverting,
    sourceWatch,
    quarantineAge: operations.quarantineAge(inForce, clock),
    domains,
    domainWatch: operations.domainWatch(domains, parts.routeTables, () => waysWatch.changed()),
    overdueWatch: overdue,
    maintenance: new Maintenance({
      store,
      timers,
      log,
      dateMs: clock.dateMs,
      expireDamaged: () => manager.expireDamaged(),
      lookAtSetAside: () => operations.setAside.look(),
      decideMoves: () => manager.decideMoves(),
    }),
    log,
  });
}
