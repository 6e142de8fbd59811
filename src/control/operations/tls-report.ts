// The operation `tls.report`: what TLS came to with the hosts of a policy domain on one day, as a TLS report (RFC 8460 4.4).

import { z } from 'zod';
import type { TlsReport } from '../../tlsrpt/report-json.ts';
import { text } from './common.ts';

export interface TlsReportQuestion {
  /** In lower-case A-labels. */
  readonly domain: string;
  /** `YYYY-MM-DD`; not given: today. */
  readonly day?: string | undefined;
}

const question: z.ZodType<TlsReportQuestion> = z.strictObject({
  domain: text.min(1),
  day: z.iso.date().optional(),
});

const policy = z.object({
  policy: z.object({
    'policy-type': z.string(),
    'policy-string': z.array(z.string()).optional(),
    'policy-domain': z.string(),
    'mx-host': z.array(z.string()).optional(),
  }),
  summary: z.object({
    'total-successful-session-count': z.number(),
    'total-failure-session-count': z.number(),
  }),
  'failure-details': z
    .array(
      z.object({
        'result-type': z.string(),
        'sending-mta-ip': z.string().optional(),
        'receiving-mx-hostname': z.string().optional(),
        'receiving-ip': z.string().optional(),
        'failed-session-count': z.number(),
        'failure-reason-code': z.string().optional(),
      }),
    )
    .optional(),
});

/** Null: there was no session on that day, or it is too long ago. */
const answer = z
  .object({
    'organization-name': z.string(),
    'date-range': z.object({ 'start-datetime': z.string(), 'end-datetime': z.string() }),
    'contact-info': z.string(),
    'report-id': z.string(),
    policies: z.array(policy),
  })
  .nullable() as z.ZodType<TlsReport | null>;

export const reportTls = { role: 'read' as const, question, answer };
