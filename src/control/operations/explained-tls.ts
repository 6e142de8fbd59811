// TLS in the answer of `explain`: policies of the hosts, what the domain publishes, and the last handshakes.

import { z } from 'zod';

export interface HostTls {
  readonly host: string;
  /** E.g. `192.0.2.1:25`. */
  readonly endpoint: string;
  /** `TlsLevel`. */
  readonly level: string;
  /** Who asks for it: `TlsPolicySource`. */
  readonly from: string;
  /** The domain that the policy is of; empty for the default. */
  readonly policyDomain: string;
  /** The last handshake with this host under this policy; undefined: none is known. */
  readonly last?: { readonly result: string; readonly isFailure: boolean; readonly atMs: number } | undefined;
}

export interface ExplainedTls {
  readonly hosts: readonly HostTls[];
  /** The domain's MTA-STS policy; undefined: none. */
  readonly published?:
    | {
        readonly mode: 'enforce' | 'testing';
        readonly id: string;
        readonly mx: readonly string[];
        readonly fetchedAtMs: number;
        readonly expiresAtMs: number;
      }
    | undefined;
  /** Hosts that no policy allows, with the reasons. */
  readonly leftOut: readonly string[];
  /** The policy that is known now, where mail goes by another one, or by none, until `fromMs` (Unix ms). */
  readonly next?:
    | {
        readonly kind: 'policy';
        readonly mode: 'enforce' | 'testing';
        readonly id: string;
        readonly mx: readonly string[];
        readonly fetchedAtMs: number;
        readonly fromMs: number;
      }
    | { readonly kind: 'none'; readonly fromMs: number }
    | undefined;
}

export const explainedTlsSchema: z.ZodType<ExplainedTls> = z.object({
  hosts: z.array(
    z.object({
      host: z.string(),
      endpoint: z.string(),
      level: z.string(),
      from: z.string(),
      policyDomain: z.string(),
      last: z.object({ result: z.string(), isFailure: z.boolean(), atMs: z.number() }).optional(),
    }),
  ),
  published: z
    .object({
      mode: z.enum(['enforce', 'testing']),
      id: z.string(),
      mx: z.array(z.string()),
      fetchedAtMs: z.number(),
      expiresAtMs: z.number(),
    })
    .optional(),
  leftOut: z.array(z.string()),
  next: z
    .union([
      z.object({
        kind: z.literal('policy'),
        mode: z.enum(['enforce', 'testing']),
        id: z.string(),
        mx: z.array(z.string()),
        fetchedAtMs: z.number(),
        fromMs: z.number(),
      }),
      z.object({ kind: z.literal('none'), fromMs: z.number() }),
    ])
    .optional(),
});
