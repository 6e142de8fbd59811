// What may be in the state files of the spool's folder. Every value is bounded, so that a file that somebody wrote, or that a
// disk changed, stops no start: it is damaged, and says so.

import { z } from 'zod';
import { overrideSchema } from '../control/override.ts';

/** The end of the year 9999: later dates have no usual form. */
const lastMs = 253_402_300_799_999;
const date = z.number().min(0).max(lastMs);
const shift = z.number().min(-lastMs).max(lastMs);
/** Version 1 had no checksum at first; `readState` insists on it from version 2 on. */
const version = z.union([z.literal(1), z.literal(2)]);

const step = z.object({ sinceMs: date, fromMs: date, shiftMs: shift });

export const clockSchema = z.object({
  version,
  stretches: z
    .array(
      z
        .object({ fromMs: date, toMs: date, shiftMs: shift })
        .refine(({ fromMs, toMs }) => fromMs <= toMs, 'must not end before it begins')
        .refine(
          ({ fromMs, toMs, shiftMs }) => fromMs - shiftMs >= 0 && toMs - shiftMs <= lastMs,
          'is no time',
        ),
    )
    .max(1_000),
  run: z
    .object({
      boot: z.string().min(1).max(200),
      monotonicMs: date,
      steadyMs: date,
      step: step.optional(),
    })
    .optional(),
});

export const ratesSchema = z.object({
  version,
  rates: z
    .array(
      z.object({
        rule: z.string().max(10_000),
        key: z.string().max(10_000),
        quantity: z.enum(['connection_rate', 'message_rate', 'recipient_rate']),
        tatMs: z.number().min(-lastMs).max(lastMs),
      }),
    )
    .max(10_000_000),
});

/** So that ids that are given later are exact numbers, too. */
const lastId = 1e15;

export const overridesSchema = z.object({
  version,
  nextId: z.int().min(1).max(lastId),
  overrides: z
    .array(
      overrideSchema
        .refine(({ id }) => Number(id) < lastId, 'has an id that is too large')
        .refine(({ setAtMs }) => setAtMs >= 0 && setAtMs <= lastMs, 'was set at no date')
        .refine(({ untilMs = 0 }) => untilMs >= 0 && untilMs <= lastMs, 'ends at no date'),
    )
    .max(10_000),
});

/** State files by name; those with a copy have the same in it. */
export const stateSchemas: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['overrides.json', overridesSchema],
  ['rates.json', ratesSchema],
  ['clock.json', clockSchema],
]);
