// Schemas of the state files in the spool's folder. Every value is bounded, so that a file that was edited by hand, or changed
// by a failing disk, is found damaged and does not stop the start.

import { z } from 'zod';
import { diversionsSchema } from './diversions/diversions.ts';
import { sendingKinds, sendingQuantities } from '../policy/sending/types.ts';
import { reportKinds } from '../reports/report.ts';
import { greatestMaxAgeSeconds } from '../sts/sts-policy.ts';
import { tlsResultTypes } from '../values/tls-outcome.ts';
import { overrideSchema } from '../control/override.ts';

/** The end of the year 9999: later dates do not fit the usual formats. */
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

export const sendingSchema = z.object({
  version,
  sending: z
    .array(
      z.object({
        by: z.enum(sendingKinds),
        key: z.string().min(1).max(2_000),
        counts: z
          .array(
            z.object({
              quantity: z.enum(sendingQuantities),
              perMs: z.number().min(1).max(lastMs),
              steps: z.array(z.int().min(0)).max(2_000_000),
            }),
          )
          .max(100),
      }),
    )
    .max(1_000_000),
});

/** Bound of ids, so that later ids are exact numbers, too. */
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

/** Text of a domain, an id or a pattern. */
const word = z.string().min(1).max(300);

export const stsSchema = z.object({
  version,
  policies: z
    .array(
      z.object({
        domain: word,
        id: word,
        policy: z.object({
          mode: z.enum(['enforce', 'testing']),
          // A policy without a host could never be met.
          mx: z.array(word).min(1).max(5_000),
          maxAgeSeconds: z.number().min(0).max(greatestMaxAgeSeconds),
        }),
        fetchedAtMs: date,
        usedAtMs: date,
      }),
    )
    .max(100_000),
});

const sessionCount = z.int().min(0);

export const tlsCountsSchema = z.object({
  version,
  days: z
    .array(
      z.object({
        day: z.iso.date(),
        policies: z
          .array(
            z.object({
              policy: z.object({
                type: z.enum(['tlsa', 'sts', 'no-policy-found']),
                domain: word,
                strings: z.array(z.string().max(200_000)).max(10_000),
                hosts: z.array(word).max(10_000),
              }),
              successes: sessionCount,
              failures: sessionCount,
              details: z
                .array(
                  z.object({
                    result: z.enum(tlsResultTypes),
                    sendingIp: z.string().max(100),
                    host: z.string().max(300),
                    receivingIp: z.string().max(100),
                    reason: z.string().max(1_000),
                    count: sessionCount,
                  }),
                )
                .max(1_000),
            }),
          )
          .max(100_000),
      }),
    )
    .max(10),
});

export const reportsSchema = z.object({
  version,
  reports: z
    .array(
      z.object({
        kind: z.enum(reportKinds),
        day: z.iso.date(),
        domain: word,
        state: z.enum(['sent', 'unwanted', 'failed', 'waiting']),
        destinations: z
          .array(
            z.object({
              uri: z.string().max(2_000),
              state: z.enum(['sent', 'waiting', 'failed']),
              detail: z.string().max(2_000),
            }),
          )
          .max(100),
        attempts: z.int().min(0).max(1_000_000),
        firstMs: date,
        lastMs: date,
        nextMs: date,
        reason: z.string().max(2_000),
      }),
    )
    .max(1_000_000),
});

const domainPolicy = z.enum(['none', 'quarantine', 'reject']);
const alignment = z.enum(['strict', 'relaxed']);
const strange = z.string().max(1_000);

/** Files of counts for DMARC reports: each day has one of them, in turn. */
export const dmarcFiles = ['dmarc-0.json', 'dmarc-1.json', 'dmarc-2.json', 'dmarc-3.json'];

export const dmarcCountsSchema = z.object({
  version,
  day: z.iso.date(),
  leftOut: sessionCount,
  domains: z
    .array(
      z.object({
        policy: z.object({
          domain: word,
          p: domainPolicy,
          sp: domainPolicy,
          np: domainPolicy,
          adkim: alignment,
          aspf: alignment,
          isTest: z.boolean(),
          fo: strange,
        }),
        rows: z
          .array(
            z.object({
              row: z.object({
                sourceIp: z.string().max(100),
                disposition: z.enum(['none', 'pass', 'quarantine', 'reject']),
                dkim: z.enum(['pass', 'fail']),
                spf: z.enum(['pass', 'fail']),
                reasons: z
                  .array(
                    z.object({
                      type: z.enum(['local_policy', 'other', 'policy_test_mode', 'trusted_forwarder']),
                      comment: strange,
                    }),
                  )
                  .max(10),
                headerFrom: strange,
                envelopeFrom: strange,
                signatures: z
                  .array(z.object({ domain: strange, selector: strange, result: strange }))
                  .max(100),
                spfResult: z.object({ domain: strange, result: strange }),
              }),
              count: sessionCount,
            }),
          )
          .max(100_000),
        leftOut: sessionCount,
      }),
    )
    .max(100_000),
});

export const pipeliningSchema = z.object({
  version,
  hosts: z
    .array(
      z.object({
        endpoint: word,
        faults: z
          .array(
            z.object({
              kind: z.enum(['across', 'chunk', 'group']),
              text: z.string().max(300),
              untilMs: date,
            }),
          )
          .min(1)
          .max(3),
      }),
    )
    .max(20_000),
});

/** Recipients that primary servers have taken, or did not know, each with the day, counted from 1970. */
export const learnedSchema = z.object({
  version,
  recipients: z.array(z.tuple([z.string().max(1_000), z.int().min(0).max(100_000_000)])).max(1_000_000),
});

/** Schemas by file name; a copy has the schema of its file. */
export const stateSchemas: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['overrides.json', overridesSchema],
  ['diversions.json', diversionsSchema],
  ['rates.json', ratesSchema],
  ['sending.json', sendingSchema],
  ['clock.json', clockSchema],
  ['mta-sts.json', stsSchema],
  ['tls-reports.json', tlsCountsSchema],
  ['pipelining.json', pipeliningSchema],
  ['reports.json', reportsSchema],
  ['learned.json', learnedSchema],
  ['unknown.json', learnedSchema],
  ...dmarcFiles.map((name) => [name, dmarcCountsSchema] as const),
]);
