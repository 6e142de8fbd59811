// An explanation as people read it: where mail for an address goes, what it has to pass, and what stands in its way.

import type { ExplainAnswer } from '../control/operations/explain.ts';
import type { CounterStatus, Explanation, PlaceStatus, WindowStatus } from '../schedule/limits/status.ts';
import { unlimited } from '../schedule/limits/types.ts';
import { allowedText, counterText, freeText, originText, shortTime } from './limit-text.ts';
import { serviceLines } from './explain-service.ts';
import { loginLines } from './explain-login.ts';
import { reversalText, shownSenderText } from './sender-text.ts';
import { tlsLines } from './explain-tls.ts';
import { endText, targetText } from './override-options.ts';
import { age, table } from './text-table.ts';

/** Addresses shown to people; --json has all of them. */
const shownPlaces = 20;
/** Limits shown to people; --json has all of them. */
const shownLimits = 40;

export function explainText(answer: ExplainAnswer, nowMs: number): string {
  const { explanation } = answer;
  return [
    ...head(answer),
    ...carries(answer),
    ...schedule(explanation),
    ...suspensions(answer, nowMs),
    '',
    ...(explanation.places.length === 0 ? [] : [places(explanation.places, nowMs)]),
    ...tlsLines(answer.tls, nowMs),
    ...loginLines(answer.logins, nowMs),
    ...serviceLines(answer.served),
    ...limits(answer, nowMs),
    ...binding(answer, nowMs),
    '',
  ].join('\n');
}

function head({
  address,
  leadsTo,
  sender,
  route,
  sentAs,
  verp,
  explanation,
  tenants,
  storedIn,
  byQueue = [],
}: ExplainAnswer): string[] {
  const { tenant, site, label } = explanation;
  const named = route.name === '' ? 'no [[route]] names it' : `[[route]] ${route.name}`;
  const by = route.table === undefined ? named : byTable(route);
  const others = tenants
    .filter((each) => each.tenant !== tenant)
    .map((each) => `${tenantName(each.tenant)} ${each.active + each.ready + each.waiting}`);
  return [
    `Mail for   ${address}`,
    ...(leadsTo === undefined ? [] : [`Leads to   ${reversalText(leadsTo)}`]),
    `Route      ${route.isUnknown === true ? 'nowhere for now' : route.target} (${by})`,
    ...(route.plugins.length === 0
      ? []
      : [`Asked      before that, for each recipient: the plugins of ${stagesText(route.plugins)}`]),
    ...(verp === undefined ? [] : [`Sender     each recipient has its own (VERP): <${verp}>`]),
    ...(sentAs === undefined
      ? []
      : [
          `Sender     <${sender}> ${sentAs.kind === 'rewritten' ? 'becomes ' : ''}${shownSenderText(sentAs)}`,
        ]),
    ...(site === '' ? [] : [`Site       ${label}`]),
    `${tenant === '' && tenants.length === 0 ? 'Queue      ' : `Tenant     ${tenantName(tenant)}: `}${countsText(explanation)}`,
    ...(others.length === 0
      ? []
      : [`           of other tenants: ${others.join(', ')} (--tenant NAME explains those)`]),
    ...storedInLines(storedIn, byQueue),
  ];
}

/** Which queue would keep a new message, and which keep those there are. */
function storedInLines(
  storedIn: ExplainAnswer['storedIn'],
  byQueue: NonNullable<ExplainAnswer['byQueue']>,
): string[] {
  if (storedIn === undefined) return [];
  const { queue, by, unless = [] } = storedIn;
  const kept = byQueue.map((each) => `${each.queue} ${each.recipients}`).join(', ');
  return [
    `Stored in  the queue ${queue} (${by})`,
    ...unless.map(
      (each) => `           the queue ${each.queue}, for clients or listeners that ${each.by} names`,
    ),
    ...(kept === '' ? [] : [`           what waits, by queue: ${kept}`]),
  ];
}

function byTable({ name, table, isUnknown }: ExplainAnswer['route']): string {
  if (isUnknown === true) return `the table ${table} cannot say where`;
  return `the table ${table} says so${name === '' ? '' : `: [[route]] ${name}`}`;
}

/** A route whose mail stays on this host is told by its name: what stands behind it tells the states of its target apart. */
function shownKey(key: string): string {
  return key.replace(/^((?:pipe|archive|redirect|hold):[^~]*)~[\w-]{12}$/u, '$1');
}

function stagesText(names: readonly string[]): string {
  return names.map((name) => `[[stage]] ${name}`).join(', ');
}

function tenantName(tenant: string): string {
  return tenant === '' ? '(no tenant)' : tenant;
}

function countsText({ recipients: { active, ready, waiting } }: Explanation): string {
  return `${active} active, ${ready} ready, ${waiting} waiting for their next attempt`;
}

function carries({ carries: carried }: ExplainAnswer): string[] {
  if (carried === undefined) return [];
  const { messagesPerConnection: messages, recipientsPerMessage: recipients } = carried;
  return [
    `Carries    at most ${counted(messages.allowed, 'message')} per connection (${messages.origin}), ${counted(recipients.allowed, 'recipient')} per message (${recipients.origin})`,
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function schedule({ schedule: keys = [] }: Explanation): string[] {
  return keys.map(
    ({ key, name, origin, value }, index) =>
      `${index === 0 ? 'Schedule ' : '         '}  ${key} ${value} (${name}, ${origin})`,
  );
}

function suspensions({ overrides }: ExplainAnswer, nowMs: number): string[] {
  return overrides
    .filter((each) => each.kind === 'suspend')
    .map(
      (each) =>
        `Suspended  ${targetText(each)} ${endText(each, nowMs)}${each.by === '' ? '' : `, by ${each.by}`}${each.reason === '' ? '' : `: ${each.reason}`}`,
    );
}

function places(all: readonly PlaceStatus[], nowMs: number): string {
  const hasSources = all.some((place) => place.source !== '');
  const rows = all
    .slice(0, shownPlaces)
    .map((place) => [
      String(place.preference),
      place.host,
      addressText(place),
      place.source === '' ? 'any' : place.source,
      String(place.connections),
      windowText(place.window, nowMs),
      healthText(place, nowMs),
    ]);
  const titles = ['PREF', 'HOST', 'ADDRESS', 'FROM', 'CONNECTIONS', 'WINDOW', 'HEALTH'];
  const shown = (cells: readonly string[]) => (hasSources ? cells : cells.toSpliced(3, 1));
  const more = all.length > shownPlaces ? `${all.length - shownPlaces} more: --json shows all\n` : '';
  return `${table(shown(titles), rows.map(shown))}${more}`;
}

/** A Unix-domain socket has no address beside its name. */
function addressText({ ip, port }: PlaceStatus): string {
  if (ip === '') return '-';
  return port === 25 ? ip : `${ip} port ${port}`;
}

function windowText({ allowed, used, state, untilMs, reason }: WindowStatus, nowMs: number): string {
  if (allowed >= unlimited) return 'open';
  const until = untilMs === undefined || untilMs <= nowMs ? '' : ` for ${shortTime(untilMs - nowMs)}`;
  return `${used}/${allowed} ${state}${until}${reason === '' ? '' : ` (${reason})`}`;
}

function healthText({ health, restsUntilMs, error }: PlaceStatus, nowMs: number): string {
  const rest =
    health === 'resting' && restsUntilMs !== undefined ? ` for ${shortTime(restsUntilMs - nowMs)}` : '';
  return `${health}${rest}${error === '' ? '' : ` (${error})`}`;
}

/** A table with each limit once: several addresses share most limits. */
function limits({ explanation, rules }: ExplainAnswer, nowMs: number): string[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const all = new Map<string, CounterStatus>();
  for (const each of [...explanation.limits, ...explanation.places.flatMap((place) => place.limits)]) {
    all.set(`${each.rule}\n${each.key}\n${each.quantity}`, each);
  }
  if (all.size === 0) return [];
  const rows = [...all.values()].slice(0, shownLimits).map((each) => {
    const rule = byId.get(each.rule);
    return [
      counterText(each, rule),
      shownKey(each.key),
      String(each.used),
      allowedText(each),
      freeText(each, nowMs),
      originText(each, rule, nowMs),
    ];
  });
  const more = all.size > shownLimits ? [`${all.size - shownLimits} more: --json shows all`, ''] : [];
  const isRate = rows.some((cells) => cells[4] !== '');
  const shown = (cells: readonly string[]) => (isRate ? cells : cells.toSpliced(4, 1));
  const titles = ['LIMIT', 'OF', 'USED', 'ALLOWED', 'NEXT', 'SET BY'];
  return [table(shown(titles), rows.map(shown)), ...more];
}

function binding({ alarms, explanation, refusal }: ExplainAnswer, nowMs: number): string[] {
  const { binding: reasons, nextAttemptAtMs: next, recipients } = explanation;
  const inTheWay =
    reasons.length === 0
      ? ['In the way    nothing: one more message would go at once']
      : reasons.map((reason, index) => `${index === 0 ? 'In the way    ' : '              '}${reason}`);
  const noProgress = (alarms ?? []).map((alarm) => `No progress   ${alarm}`);
  return [
    ...inTheWay,
    ...noProgress,
    `Next attempt  ${nextText(next, recipients.ready > 0, refusal !== undefined, nowMs)}`,
  ];
}

function nextText(next: number | undefined, ready: boolean, refused: boolean, nowMs: number): string {
  if (ready && !refused) return 'as soon as nothing is in the way';
  if (next === undefined) return 'none: nothing waits';
  return next <= nowMs ? 'now' : `${new Date(next).toISOString()} (in ${age(next - nowMs)})`;
}
