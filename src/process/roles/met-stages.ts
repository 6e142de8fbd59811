// Which stages of a listener mail of a client would meet: what the pipelines themselves have.

import type { Config } from '../../config/config.ts';
import {
  type ShownStage,
  shownPoints,
  type StagesAnswer,
  type StagesQuestion,
} from '../../control/operations/stages.ts';
import { points } from '../../policy/stage.ts';
import type { StageEntry } from '../../policy/pipelines.ts';
import type { StageWatch } from '../../policy/stage-watch.ts';
import { Tenants } from '../../policy/tenants.ts';
import type { ListenerOptions } from '../../receive/listener.ts';
import { deliveryStages } from '../../settings/delivery-points.ts';
import { stageText } from '../../settings/stage-text.ts';
import { metRewriting } from './met-rewriting.ts';

const usualTimeLimitMs = 30_000;

export async function metStages(
  { facts, context }: Pick<ListenerOptions, 'facts' | 'context'>,
  config: Config,
  watch: Pick<StageWatch, 'rests'>,
  { from, to = [], client, user }: StagesQuestion,
): Promise<StagesAnswer> {
  const mayRelay = user !== undefined || client === '' || context.relay.isRelayClient(client);
  const tenant = new Tenants(config.tenant).of(client, from, user)?.name ?? '';
  const origin = { client, ...(user !== undefined && { principal: user }) };
  const placed = { origin, tenant, reversePath: from, whole: undefined };
  const queues =
    to.length === 0 ? undefined : new Set(to.map((each) => context.places.queueOf(placed, each)));
  const mail = { config, watch, mayRelay, tenant, user, queues };
  const { entries } = context.pipelines;
  const met = entries.filter((entry) => unmetBy(entry, mail) === undefined).map(({ stage }) => stage);
  return {
    listener: facts.name,
    mayRelay,
    tenant,
    stages: [...entries.map((entry) => shownStage(entry, mail)), ...deliveryAlone(entries, mail)],
    rewritten: await metRewriting(met, { from, to, tenant }),
  };
}

interface Mail {
  readonly config: Config;
  readonly watch: Pick<StageWatch, 'rests'>;
  readonly mayRelay: boolean;
  readonly tenant: string;
  readonly user: string | undefined;
  /** Of its recipients, as far as they are known; undefined: no recipient is. */
  readonly queues: ReadonlySet<string> | undefined;
}

function shownStage(entry: StageEntry, mail: Mail): ShownStage {
  const { stage, tenants } = entry;
  const { name, audience, breaker, onFailure = 'tempfail', timeLimitMs = usualTimeLimitMs } = stage;
  return {
    name,
    points: shownPoints.filter((point) => isAskedAt(point, entry, mail.config)),
    unmet: unmetBy(entry, mail),
    audience,
    tenants,
    timeLimitMs,
    onFailure,
    breaker,
    rests: mail.watch.rests({ stage: name }),
    configured: stageText(mail.config, name),
  };
}

/** Plugins that the manager asks, and no receiver. */
function deliveryAlone(entries: readonly StageEntry[], { config }: Mail): readonly ShownStage[] {
  const known = new Set(entries.map(({ stage }) => stage.name));
  return deliveryStages(config, 'route', 'attempt')
    .filter(({ name }) => !known.has(name))
    .map(({ name, delivery, timeLimit, onFailure, restAfter, restFor }) => ({
      name,
      points: delivery,
      timeLimitMs: timeLimit,
      onFailure,
      breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
      // The manager alone knows: `sluice status` tells.
      rests: false,
      configured: stageText(config, name),
    }));
}

function isAskedAt(
  point: (typeof shownPoints)[number],
  { stage, queues }: StageEntry,
  config: Config,
): boolean {
  if (point === 'route' || point === 'attempt')
    return deliveryStages(config, point).some(({ name }) => name === stage.name);
  if (queues !== undefined && points.indexOf(point) < points.indexOf('rcpt')) return false;
  return stage[point] !== undefined && stage.asksAt?.(point) !== false;
}

/** As `Pipeline` and `Pipelines` decide it. */
function unmetBy(
  { stage, tenants, queues }: StageEntry,
  { mayRelay, tenant, user, queues: ofMail }: Mail,
): string | undefined {
  if (tenants !== undefined && !tenants.includes(tenant)) return `it is for tenant ${tenants.join(', ')}`;
  if (queues !== undefined && ofMail?.isDisjointFrom(new Set(queues)) === true)
    return `it is for the queue ${queues.join(', ')}`;
  if (stage.audience === 'users' && user === undefined) return 'it is for users who have logged in';
  if ((stage.audience === 'strangers' || stage.audience === 'unknown') && mayRelay)
    return 'it is for clients that may not relay';
  if (stage.audience === 'submission' && !mayRelay)
    return 'it is for users who have logged in, and clients that may relay';
  return undefined;
}
