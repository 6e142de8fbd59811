// The form of a TLS report (RFC 8460 4.4) as a schema, written from the standard and not from what Sluice writes.

import { z } from 'zod';

const dateTime = z.iso.datetime({ offset: true });
const policy = z.object({
  policy: z.object({
    'policy-type': z.enum(['tlsa', 'sts', 'no-policy-found']),
    'policy-string': z.array(z.string()).optional(),
    'policy-domain': z.string(),
    'mx-host': z.array(z.string()).optional(),
  }),
  summary: z.object({
    'total-successful-session-count': z.int().min(0),
    'total-failure-session-count': z.int().min(0),
  }),
  'failure-details': z
    .array(
      z.object({
        'result-type': z.enum([
          'starttls-not-supported',
          'certificate-host-mismatch',
          'certificate-expired',
          'certificate-not-trusted',
          'validation-failure',
          'tlsa-invalid',
          'dnssec-invalid',
          'dane-required',
          'sts-policy-fetch-error',
          'sts-policy-invalid',
          'sts-webpki-invalid',
        ]),
        'sending-mta-ip': z.string().optional(),
        'receiving-mx-hostname': z.string().optional(),
        'receiving-mx-helo': z.string().optional(),
        'receiving-ip': z.string().optional(),
        'failed-session-count': z.int().min(1),
        'additional-information': z.string().optional(),
        'failure-reason-code': z.string().optional(),
      }),
    )
    .optional(),
});

const report = z.object({
  'organization-name': z.string().min(1),
  'date-range': z.object({ 'start-datetime': dateTime, 'end-datetime': dateTime }),
  'contact-info': z.string().min(1),
  'report-id': z.string().min(1),
  policies: z.array(policy).min(1),
});

/** What is wrong with a report. */
export function reportFaults(value: unknown): string[] {
  return (report.safeParse(value).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}
