// The operation `tls`: which certificates the running Sluice serves, by the facts that anybody may know.

import { z } from 'zod';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import { noQuestion } from './common.ts';

export interface ServedTls {
  /** Time of the answer, Unix ms. */
  readonly nowMs: number;
  /** The first is the default; clients that ask for a name get one that has it. */
  readonly certificates: readonly CertificateFacts[];
}

const certificate: z.ZodType<CertificateFacts> = z.object({
  file: z.string(),
  names: z.array(z.string()),
  keyType: z.enum(['ecdsa', 'rsa']),
  keySize: z.string(),
  issuer: z.string(),
  fromMs: z.number(),
  untilMs: z.number(),
  fingerprint: z.string(),
  keyFingerprint: z.string(),
});

const answer: z.ZodType<ServedTls> = z.object({ nowMs: z.number(), certificates: z.array(certificate) });

export const tls = { question: noQuestion, answer };
