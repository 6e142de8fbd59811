// The whole of `sluice simulate`: a workload, a configuration of the scheduler and a simulated internet, until every
// recipient is delivered or has failed. Pure: same arguments, same report.

import { createScheduler } from '../schedule/create-scheduler.ts';
import { State } from '../schedule/state.ts';
import type { SchedulerConfig, NewRecipient } from '../schedule/types.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { DestinationModel } from './destination-model.ts';
import type { PipelineDepth } from './host.ts';
import { makeInternet } from './make-internet.ts';
import { reportOf, type SimulationReport } from './report.ts';
import { Reporter } from './reporter.ts';
import { Simulation } from './simulation.ts';
import type { Timeouts } from './link-times.ts';
import { tellWaits } from './waits.ts';
import type { Workload } from './workload.ts';

/** When a simulation begins where nobody says when: a Thursday. Reports show no dates, and only delivery windows look at them. */
const usualStartMs = Date.UTC(2026, 0, 1);

export interface SimulateOptions {
  readonly config: SchedulerConfig;
  readonly timeouts: Timeouts;
  readonly routes: RouteTable;
  /** The tenant that a sender's mail belongs to. */
  readonly tenantOf: (sender: string) => { readonly name: string; readonly priority: number } | undefined;
  readonly workload: Workload;
  readonly destinations: readonly DestinationModel[];
  readonly seed: number;
  /** One transaction at a time on each connection where it is not given. */
  readonly depth?: PipelineDepth | undefined;
  /** Unix ms when the simulation begins. */
  readonly startMs?: number | undefined;
  /** Ms after which the simulation ends, whatever is left; Infinity: when nothing is left. */
  readonly untilMs: number;
  /** Called from time to time with the progress so far. */
  readonly progress?: (done: number, all: number, nowMs: number) => void;
}

/** Events between two calls of `progress`. */
const progressEvery = 50_000;

/** @throws {SimulationError} when the destinations contradict each other */
export function simulate(options: SimulateOptions): SimulationReport {
  const { config, depth, destinations, routes, seed, startMs = usualStartMs, timeouts, workload } = options;
  const network = makeInternet({
    models: destinations,
    ruleOf: (key) => routes.rule(key),
    seed,
    startMs,
  });
  const state = new State({ ...config, seed });
  const tenants = workload.senders.list.map((sender) => options.tenantOf(sender));
  const tenantOf = (message: number): string => {
    const tenant = workload.tenant(message);
    return tenant < 0 ? (tenants[workload.sender(message)]?.name ?? '') : workload.tenants.name(tenant);
  };
  const waits = (tell: (domain: string, what: string) => void): number => tellWaits(state, tell);
  const reporter = new Reporter({ workload, tenantOf, startMs, waits });
  const scheduler = createScheduler(state.config, startMs, state);
  const simulation = new Simulation({
    seed,
    startMs,
    network,
    timeouts,
    depth,
    scheduler,
    witness: reporter,
  });
  const endMs = startMs + options.untilMs;
  const { clock } = simulation;
  let events = 0;
  const tellProgress = (): void => {
    events++;
    if (events % progressEvery === 0)
      options.progress?.(reporter.ended, workload.recipients, clock.nowMs - startMs);
  };
  for (const message of workload.inOrder()) {
    const atMs = startMs + workload.atMs(message);
    if (atMs > endMs) break;
    while (clock.step(atMs)) tellProgress();
    clock.passTo(atMs);
    reporter.submitted(message);
    simulation.submit({
      number: message,
      queueId: message.toString(36).padStart(6, '0'),
      tenant: tenantOf(message),
      priority: workload.priority(message) ?? tenants[workload.sender(message)]?.priority,
      receivedAtMs: atMs,
      nullSender: workload.senders.name(workload.sender(message)) === '',
      held: false,
      sizeBytes: workload.sizeBytes(message),
      recipients: recipientsOf(workload, routes, message),
    });
  }
  while (reporter.left > 0 && clock.step(endMs)) tellProgress();
  if (reporter.left > 0 && endMs < Infinity) clock.passTo(endMs);
  return reportOf(reporter, seed, clock.nowMs - startMs);
}

function recipientsOf(workload: Workload, routes: RouteTable, message: number): NewRecipient[] {
  const sender = workload.senders.name(workload.sender(message));
  const recipients: NewRecipient[] = [];
  const count = workload.recipientsOf(message);
  for (let recipient = 0; recipient < count; recipient++) {
    const domain = workload.domains.name(workload.domainAt(workload.place(message, recipient)));
    const route = routes.routeOf(sender, `@${domain}`);
    recipients.push({
      recipient,
      route: route.key,
      domain: route.domain,
      attempts: 0,
      nextAttemptAtMs: 0,
      lastRefusal: '',
    });
  }
  return recipients;
}
