// The operation `tls`: which certificates the running Sluice serves, by the facts that anybody may know.

import { z } from 'zod';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import { noQuestion } from './common.ts';

/** How TLS is spoken on a listener. */
export interface ListenerTlsFacts {
  /** As in the configuration. */
  readonly address: string;
  readonly protocol: 'smtp' | 'lmtp' | 'qmqp' | 'qmtp' | 'pop3';
  readonly tls: 'none' | 'offered' | 'required' | 'implicit';
  /** Clients are asked for a certificate. */
  readonly asksClients: boolean;
}

export interface ServedTls {
  /** Time of the answer, Unix ms. */
  readonly nowMs: number;
  /** The first is the default; clients that ask for a name get one that has it. */
  readonly certificates: readonly CertificateFacts[];
  readonly listeners: readonly ListenerTlsFacts[];
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

const listener: z.ZodType<ListenerTlsFacts> = z.object({
  address: z.string(),
  protocol: z.enum(['smtp', 'lmtp', 'qmqp', 'qmtp', 'pop3']),
  tls: z.enum(['none', 'offered', 'required', 'implicit']),
  asksClients: z.boolean(),
});

const answer: z.ZodType<ServedTls> = z.object({
  nowMs: z.number(),
  certificates: z.array(certificate),
  listeners: z.array(listener),
});

export const tls = { role: 'read' as const, question: noQuestion, answer };
