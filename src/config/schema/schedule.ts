// [[schedule]]: the times of some mail: when it is tried again, how long it waits, when its senders are warned, when it may go.
// Promises: each table sets something; nothing is set twice for the same mail. See docs/schedules.md.

import { z } from 'zod';

import { checkZone } from '../../values/delivery-hours.ts';
import { type DeliveryWindow, parseDeliveryWindow } from '../../values/delivery-window.ts';
import { duration, expected, expectedForms, key, listOf, tableOf, textOf } from './fields.ts';
import { recipientDomains } from './lists.ts';
import { retry, retryMeaning } from './retry.ts';
import { labelText } from './texts.ts';

const matches = ['domain', 'route', 'tenant'] as const;
/** The keys that replace each other, each by itself. */
const values = ['retry', 'lifetime', 'bounce_lifetime', 'warn_after', 'windows'] as const;

/** Windows; none: "always", which lifts those of a less specific table. */
function windows() {
  const form = 'a list of windows such as ["Mon-Fri 08:00-18:00"], or "always"';
  const list = listOf(
    textOf('a window such as "Mon-Fri 08:00-18:00"', parseDeliveryWindow),
    'windows such as ["Mon-Fri 08:00-18:00", "Sat 09:00-12:00"]',
  )
    .min(1, 'must name one window at least; without any, mail could never go')
    .max(100, 'must name at most 100 windows');
  const always = z.literal('always').transform((): readonly DeliveryWindow[] => []);
  const either = z.union([list, always], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

const schedule = tableOf({
  name: key(
    textOf('a name', labelText).optional(),
    'A name of your choice, different for each schedule, shown where the schedule holds mail.',
    { defaultText: 'what it matches', example: '"nights"' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Only for mail to these recipient domains; "*.example.com" means every domain under it, not example.com itself. When a schedule has several of domain, route and tenant, one item of each must match.',
    { example: '["example.com", "*.example.net"]' },
  ),
  route: key(
    listOf(z.string({ error: expected('the name of a route') }), 'names of [[route]] tables')
      .min(1, 'must name one route at least')
      .optional(),
    'Only for mail that takes these routes, by the name of their [[route]].',
    { example: '["partners"]' },
  ),
  tenant: key(
    listOf(
      textOf('a tenant name', (text) => text),
      'names of [[tenant]] tables; "" is mail of no tenant',
    )
      .min(1, 'must name one tenant at least')
      .optional(),
    'Only for mail of these tenants, by the name of their [[tenant]]; "" is mail of no tenant.',
    { example: '["newsletters"]' },
  ),
  retry: key(retry().optional(), `The time from a failed attempt to the next one. ${retryMeaning}`, {
    defaultText: 'retry in [queue]',
    example: '["1m", "5m", "30m"]',
  }),
  lifetime: key(
    duration(1000).optional(),
    'A message that could not be delivered within this time goes back to its sender.',
    { defaultText: 'lifetime in [queue]', example: '"1d"' },
  ),
  bounce_lifetime: key(
    duration(1000).optional(),
    'The lifetime of bounces and other messages with the null sender.',
    { defaultText: 'bounce_lifetime in [queue]', example: '"12h"' },
  ),
  warn_after: key(
    listOf(duration(1000), 'durations such as ["4h", "1d"]')
      .max(20, 'must hold at most 20 durations')
      .optional(),
    'The sender is told that a message waits still when it has waited for these times. [] for none.',
    { defaultText: 'warn_after in [bounce]', example: '["1h"]' },
  ),
  windows: key(
    windows().optional(),
    'Days and hours in which mail may go; at other times it waits, which is no failed attempt. Days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, as "Mon-Fri" or "Sat,Sun"; left out: every day. Hours are "08:00-18:00", to 24:00; left out: the whole day. "22:00-06:00" goes over midnight, and belongs to the day on which it opens. "always" lifts the windows of a less specific schedule.',
    { defaultText: 'at any time', example: '["Mon-Fri 08:00-18:00", "Sat 09:00-12:00"]' },
  ),
  zone: key(
    textOf('a time zone such as "Europe/Berlin"', checkZone).optional(),
    'The time zone of windows. It also tells when clocks go forward and back.',
    { defaultText: 'that of the system', example: '"Europe/Berlin"' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: string[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (values.every((name) => value[name] === undefined))
    complain(`sets nothing: give at least one of ${values.join(', ')}`, []);
  if (matches.every((name) => value[name] === undefined))
    complain(
      `matches nothing: give at least one of ${matches.join(', ')}; the times for all mail are in [queue]`,
      [],
    );
  if (value.zone !== undefined && value.windows === undefined)
    complain('is for windows, and there are none', ['zone']);
});

/** All schedules. No two have the same name, or set the same key for the same mail. */
export const schedules = listOf(schedule, 'tables: [[schedule]]').superRefine((all, context) => {
  const names = new Map<string, number>();
  const set = new Map<string, number>();
  for (const [index, each] of all.entries()) {
    const same = each.name === undefined ? undefined : names.get(each.name);
    if (same !== undefined) {
      const message = `this name is already in schedule[${same + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    } else if (each.name !== undefined) names.set(each.name, index);
    for (const value of values) {
      if (each[value] === undefined) continue;
      const earlier = claim(set, matchesOf(value, each), index);
      if (earlier === undefined) continue;
      const message = `is set for the same mail already in schedule[${earlier + 1}]; keep one of them`;
      context.addIssue({ code: 'custom', message, path: [index, value] });
    }
  }
});

/** Each mail that a table matches, as texts. */
function* matchesOf(
  value: string,
  {
    domain,
    route,
    tenant,
  }: Readonly<Partial<Record<(typeof matches)[number], readonly unknown[] | undefined>>>,
): IterableIterator<string> {
  for (const eachDomain of domain ?? [undefined]) {
    for (const eachRoute of route ?? [undefined]) {
      for (const eachTenant of tenant ?? [undefined])
        yield JSON.stringify([value, eachDomain, eachRoute, eachTenant]);
    }
  }
}

/** @returns the index of the table that has one of them already */
function claim(set: Map<string, number>, texts: Iterable<string>, index: number): number | undefined {
  let earlier: number | undefined;
  for (const text of texts) {
    const found = set.get(text);
    if (found === undefined) set.set(text, index);
    else if (found !== index) earlier ??= found;
  }
  return earlier;
}
