// Random schedules of a world, and their judge: nothing is granted while no window is open by the clock on the wall, next attempts
// come when the retry times say so, and what expires does so after the lifetime that its schedules give it.

import type { ScheduleRule, ScheduleValues } from '../../src/schedule/times/schedule-rule.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import type { Effect, SchedulerConfig } from '../../src/schedule/types.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { DeliveryHours } from '../../src/values/delivery-hours.ts';
import { parseDeliveryWindow } from '../../src/values/delivery-window.ts';
import { formatDomainPattern, parseDomainPattern } from '../../src/values/domain.ts';
import { type Retry, retryDelayMs } from '../../src/values/retry.ts';
import { check, type Ledger } from './ledger.ts';
import { pick } from './some-internet.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Hours before clocks change in Europe and America, and a plain day. */
export const scheduledStarts = [
  '2026-03-28T20:00Z',
  '2026-10-24T20:00Z',
  '2026-03-07T22:00Z',
  '2026-07-01T12:00Z',
];
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];
const dayLists = ['', '', 'Mon-Fri ', 'Sat,Sun ', 'Sun '];

/** @param tenants - '' is mail of no tenant */
export function someSchedules(
  random: Random,
  domains: readonly string[],
  tenants: readonly string[],
): ScheduleRule[] {
  return Array.from({ length: 1 + random.below(5) }, (_, index) => {
    const domain = pick(random, [undefined, ['*.example'], [pick(random, domains), pick(random, domains)]]);
    const tenant = domain === undefined || random.next() < 0.3 ? [pick(random, tenants)] : undefined;
    const given = <T>(value: T): T | undefined => (random.next() < 0.5 ? value : undefined);
    return {
      name: `schedule ${index}`,
      origin: 'made up',
      match: { domain: domain?.map(parseDomainPattern), tenant },
      retry: given(someRetry(random)),
      lifetimeMs: given(pick(random, [20 * minute, 6 * hour, 3 * day, 8 * day])),
      bounceLifetimeMs: given(pick(random, [hour, 2 * day])),
      hours: given(random.next() < 0.2 ? 'always' : someHours(random)),
    };
  });
}

function someRetry(random: Random): Retry {
  const firstMs = 1_000 + random.below(hour);
  return pick<Retry>(random, [
    [firstMs, 2 * firstMs, 6 * hour],
    { curve: 'exponential', firstMs, factor: 1 + random.below(3), mostMs: firstMs + random.below(day) },
    { curve: 'quadratic', firstMs, mostMs: day },
  ]);
}

function someHours(random: Random): DeliveryHours {
  const windows = Array.from({ length: 1 + random.below(3) }, () => {
    const from = random.below(24 * 60);
    const to = (from + 1 + random.below(24 * 60 - 1)) % (24 * 60);
    return parseDeliveryWindow(`${pick(random, dayLists)}${clock(from)}-${clock(to)}`);
  });
  return new DeliveryHours(windows, pick(random, zones));
}

function clock(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** What holds for some mail, found by looking at every schedule. */
export function valueFor<K extends keyof ScheduleValues>(
  rules: readonly ScheduleRule[],
  key: K,
  domain: string,
  tenant: string,
): ScheduleValues[K] {
  let best: ScheduleRule | undefined;
  let bestRank = -1;
  for (const rule of rules) {
    const patterns = rule.match.domain?.map(formatDomainPattern);
    const isDomain = patterns?.includes(domain) === true;
    const isBelow =
      patterns?.some((each) => each.startsWith('*.') && domain.endsWith(each.slice(1))) === true;
    if (patterns !== undefined && !isDomain && !isBelow) continue;
    if (rule.match.tenant !== undefined && !rule.match.tenant.includes(tenant)) continue;
    const rank = (isDomain ? 4 : isBelow ? 2 : 0) + (rule.match.tenant === undefined ? 0 : 1);
    if (rule[key] === undefined || rank <= bestRank) continue;
    [best, bestRank] = [rule, rank];
  }
  return best?.[key];
}

export class Schedules extends Witness {
  readonly #ledger: Ledger;
  readonly #config: SchedulerConfig;
  /** Failed attempts of recipients, by message. */
  readonly #attempts = new Map<number, Map<number, number>>();

  constructor(ledger: Ledger, config: SchedulerConfig) {
    super();
    this.#ledger = ledger;
    this.#config = config;
  }

  override granted(
    _visit: Visit,
    number: number,
    recipients: readonly number[],
    _first: boolean,
    nowMs: number,
  ): void {
    for (const index of recipients) this.#isOpenFor(number, index, nowMs);
  }

  override deferred(number: number, effect: Extract<Effect, { kind: 'deferred' }>, nowMs: number): void {
    const { attempts, nextAttemptAtMs, recipient } = effect;
    const { receivedAtMs } = this.#ledger.message(number);
    const retry = this.#valueOf('retry', number, recipient) ?? this.#config.retryMs;
    const most = this.#mostAttempts(number, recipient, attempts);
    const mostMs = retryDelayMs(retry, most, nowMs - receivedAtMs) * (1 + this.#config.retryJitter);
    const isInTime = nextAttemptAtMs > nowMs && nextAttemptAtMs <= nowMs + mostMs + 1;
    check(isInTime, () => `${number}/${recipient} is tried again after ${nextAttemptAtMs - nowMs} ms`);
  }

  /** Recipients that were tried together wait together, as long as the one that was tried most; the others of them may be told of later. */
  #mostAttempts(number: number, recipient: number, attempts: number): number {
    const known = this.#attempts.get(number) ?? new Map<number, number>();
    this.#attempts.set(number, known.set(recipient, attempts));
    const others = [...known].map(([index, count]) => (index === recipient ? count : count + 1));
    return Math.max(...others);
  }

  #isOpenFor(number: number, index: number, nowMs: number): void {
    const hours = this.#valueOf('hours', number, index);
    if (typeof hours !== 'object') return;
    const shown = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs)).toZonedDateTimeISO(hours.zone);
    const minutes = ((shown.dayOfWeek - 1) * 24 + shown.hour) * 60 + shown.minute;
    const isOpen = hours.windows.some(({ spans }) =>
      spans.some(({ from, to }) => (minutes >= from && minutes < to) || minutes + 7 * 24 * 60 < to),
    );
    check(isOpen, () => `${number}/${index} was granted at ${shown.toString()}, and no window is open`);
  }

  #valueOf<K extends keyof ScheduleValues>(key: K, number: number, index: number): ScheduleValues[K] {
    const { domain } = this.#ledger.recipient(number, index);
    return valueFor(this.#config.schedules ?? [], key, domain, this.#ledger.message(number).tenant);
  }
}
