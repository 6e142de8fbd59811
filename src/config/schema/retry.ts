// When mail is tried again: a list of times, or a curve. For [queue] and [[schedule]].

import { z } from 'zod';

import type { Retry } from '../../values/retry.ts';
import { duration, expected, expectedForms, listOf, oneOf, tableOf } from './fields.ts';

const keys = ['curve', 'first', 'factor', 'most'] as const;
const mostMs = 30 * 86_400_000;

const curve = z
  .looseObject({}, { error: expected('a table') })
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (keys.some((key) => key === name)) continue;
      const message = `there is no such key; a curve has ${keys.join(', ')}`;
      context.addIssue({ code: 'custom', message, path: [name] });
    }
  })
  .pipe(
    tableOf({
      curve: oneOf(['exponential', 'quadratic']).default('exponential'),
      first: duration(1000, mostMs),
      factor: z
        .number({ error: expected('a number from 1 to 100') })
        .min(1, { error: expected('a number from 1 to 100') })
        .max(100, { error: expected('a number from 1 to 100') })
        .optional(),
      most: duration(1000).prefault('1d'),
    }),
  )
  .superRefine((value, context) => {
    const complain = (message: string, path: string): void =>
      context.addIssue({ code: 'custom', message, path: [path] });
    if (value.curve === 'quadratic' && value.factor !== undefined)
      complain('is for curve = "exponential" alone', 'factor');
    if (value.most < value.first) complain('must not be less than first', 'most');
  })
  .transform(({ curve: kind, first, factor = 2, most }): Retry =>
    kind === 'quadratic'
      ? { curve: kind, firstMs: first, mostMs: most }
      : { curve: kind, firstMs: first, factor, mostMs: most },
  );

/** A list of durations, or a curve; read into a {@link Retry}. */
export function retry() {
  const form =
    'a list of durations such as ["5m", "15m", "1h"], or a curve such as { first = "5m", factor = 2, most = "4h" }';
  const list = listOf(duration(1000), 'durations such as ["5m", "15m", "1h"]').min(
    1,
    'must hold one duration at least',
  );
  const either = z.union([list, curve], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

/** What the reference says of both forms. */
export const retryMeaning =
  'A list: after the first failure, after the second, and so on; the last one repeats. A curve { first, factor, most }: the first time, each further one longer by factor (2 where it is left out), up to most ("1d"). { curve = "quadratic", first = "400s" } is that of qmail: the attempts of a message are due at 1, 4, 9, 16 ... times first after it came.';
