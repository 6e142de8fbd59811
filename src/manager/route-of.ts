// The route of one recipient by its message, the tables of routes and the [[route]] tables: a copy for an archive, a route that a stage chose, one
// that a table names, or the usual one. Where one of them holds mail, a message that was released goes by the next that decides.

import type { Envelope } from '../message/envelope.ts';
import { chosenBy, type Chooser } from '../route/choice.ts';
import { asCopy } from '../route/copies.ts';
import { holdsMail, isPassedByRelease } from '../route/local-ways.ts';
import { withDemand } from '../route/security/demand.ts';
import type { RouteKey, Router } from '../route/types.ts';
import { verpOf, type VerpChoice, withVerp } from '../route/verp.ts';
import type { TlsDemand } from '../values/tls-policy.ts';
import type { RouterInForce } from './ports.ts';
import type { ProvisionedWay } from './provisioning/domain-ways.ts';
import type { FoundWay, WaySubject } from './ways/ways.ts';

/** What routes depend on. */
export interface RoutedRecipient extends WaySubject {
  readonly tlsDemand: TlsDemand | undefined;
  /** It gets a copy for an archive. */
  readonly isCopy: boolean;
  /** The name of the route that a stage chose for it. */
  readonly chosen: string | undefined;
  /** The delimiters that the sender asked for (XVERP). */
  readonly verp: string | undefined;
  /** Its message was released: no route holds it. */
  readonly passesHolds: boolean;
}

/** The route, or why it cannot be told now. */
export type RouteOrReason = { readonly route: RouteKey } | { readonly reason: string };

/** The route by the [[route]] tables alone. */
export function routeFor(routing: RouterInForce, recipient: RoutedRecipient): RouteKey {
  const { reversePath, address } = recipient;
  const { router } = routing;
  const chosen = choiceFor(router, recipient);
  if (chosen !== undefined)
    return marked(routing, router.routeNamed(chosen, reversePath, address), recipient, 'stage');
  return byRules(routing, router.routeOf(reversePath, address), recipient);
}

/** The name of the route that a stage chose; undefined: none, or mail that was released goes past it. */
export function choiceFor(
  router: Pick<Router, 'routeNamed'>,
  {
    address,
    chosen,
    passesHolds,
    reversePath,
  }: Pick<RoutedRecipient, 'address' | 'chosen' | 'passesHolds' | 'reversePath'>,
): string | undefined {
  if (chosen === undefined || !passesHolds) return chosen;
  return isPassedByRelease(router.routeNamed(chosen, reversePath, address).key) ? undefined : chosen;
}

/** @param usual - the route by the [[route]] tables */
function byRules(routing: RouterInForce, usual: RouteKey, recipient: RoutedRecipient): RouteKey {
  const { address, chosen, passesHolds, reversePath } = recipient;
  if (passesHolds && holdsMail(usual.key))
    return marked(routing, routing.router.routePastHolds(reversePath, address), recipient, 'release');
  return marked(routing, usual, recipient, chosen === undefined ? undefined : 'release');
}

/** The route with all that its key tells beside where it leads. */
function marked(
  routing: RouterInForce,
  found: RouteKey,
  recipient: RoutedRecipient,
  chooser: Chooser | undefined,
): RouteKey {
  const { isCopy, tlsDemand } = recipient;
  const route = isCopy ? asCopy(found) : found;
  const demanding = withDemand(chooser === undefined ? route : chosenBy(chooser, route), tlsDemand);
  return isCopy ? demanding : withVerp(demanding, verpFor(routing, found, recipient));
}

/** The route by all that decides, except plugins. A promise where a table has to be waited for. */
export function wayFor(
  routing: RouterInForce,
  recipient: RoutedRecipient,
): RouteOrReason | Promise<RouteOrReason> {
  const said = routing.provisioned?.of(recipient);
  if (said === undefined) return unprovisionedWayFor(routing, recipient);
  if (!(said instanceof Promise)) return provisionedWayFor(routing, said, recipient);
  return said.then((known) => provisionedWayFor(routing, known, recipient));
}

function provisionedWayFor(
  routing: RouterInForce,
  said: ProvisionedWay,
  recipient: RoutedRecipient,
): RouteOrReason | Promise<RouteOrReason> {
  switch (said.kind) {
    case 'usual':
      return unprovisionedWayFor(routing, recipient);
    case 'route':
      return { route: marked(routing, said.route, recipient, 'provisioning') };
    case 'unknown':
      return said;
  }
}

function unprovisionedWayFor(
  routing: RouterInForce,
  recipient: RoutedRecipient,
): RouteOrReason | Promise<RouteOrReason> {
  const { router, ways } = routing;
  if (ways === undefined || choiceFor(router, recipient) !== undefined)
    return { route: routeFor(routing, recipient) };
  const found = ways.of(router, recipient);
  return found instanceof Promise
    ? found.then((known) => routeBy(routing, known, recipient))
    : routeBy(routing, found, recipient);
}

/** The same, if it is known without asking anybody who has to be waited for; undefined: it is not. */
export function wayAtOnce(routing: RouterInForce, recipient: RoutedRecipient): RouteOrReason | undefined {
  if (routing.provisioned !== undefined) {
    const said = routing.provisioned.atOnce(recipient);
    if (said === undefined) return undefined;
    if (said.kind === 'route') return { route: marked(routing, said.route, recipient, 'provisioning') };
    if (said.kind === 'unknown') return said;
  }
  const { router, ways } = routing;
  if (ways === undefined || choiceFor(router, recipient) !== undefined)
    return { route: routeFor(routing, recipient) };
  const found = ways.atOnce(router, recipient);
  return found && routeBy(routing, found, recipient);
}

function routeBy(routing: RouterInForce, found: FoundWay, recipient: RoutedRecipient): RouteOrReason {
  if (found.kind === 'unknown') return found;
  const { route, table } = found;
  if (table === undefined) return { route: byRules(routing, route, recipient) };
  return { route: marked(routing, route, recipient, 'table') };
}

/** The senders of their own that hold for mail of this route (VERP); undefined: it keeps its sender. */
export function verpFor(
  { verp: settings }: RouterInForce,
  route: Pick<RouteKey, 'verp'>,
  { reversePath, tenant, verp }: Pick<Envelope, 'reversePath' | 'tenant' | 'verp'>,
): VerpChoice | undefined {
  if (verp !== undefined) return { delimiters: verp, by: 'message' };
  // Bounces have no sender that could name anybody.
  if (reversePath === '') return undefined;
  const delimiters = route.verp ?? settings.of(tenant ?? '') ?? '';
  return delimiters === '' ? undefined : { delimiters, by: 'settings' };
}

/**
 * The delimiters of the sender that a recipient of a message has of its own (VERP); undefined: it has none. While a table cannot say
 * the route, the usual one counts.
 */
export async function delimitersFor(
  routing: RouterInForce,
  envelope: Envelope,
  index: number,
): Promise<string | undefined> {
  const { address = '', route: chosen, isCopy = false } = envelope.recipients[index] ?? {};
  const { reversePath, tenant = '', user = '', verp, tlsDemand } = envelope;
  if (isCopy) return undefined;
  // No look-up for nothing, for which a report would have to wait.
  if (!routing.verp.routesSay) return verpFor(routing, {}, envelope)?.delimiters;
  // Mail is sent by a route that holds none.
  const passesHolds = true;
  const recipient = { reversePath, tenant, verp, tlsDemand, address, isCopy, chosen, passesHolds, user };
  const way = await wayFor(routing, recipient);
  return verpOf(('route' in way ? way.route : routeFor(routing, recipient)).key)?.delimiters;
}
