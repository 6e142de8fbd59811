// The operation `crash.test`: the supervisor has one of its processes crash, so that what follows can be watched. It interrupts
// connections, so the question says that this is meant.

import { z } from 'zod';

export const crashRoles = ['receiver', 'sender', 'manager', 'keys', 'pop3', 'control'] as const;
export type CrashRole = (typeof crashRoles)[number];

/**
 * `segv`, `abort` and `kill`: by this signal. `uncaught`: by an error that nothing catches. `memory`: by using all of its memory for
 * JavaScript. `loop`: its event loop stands still.
 */
export const crashWays = ['segv', 'abort', 'uncaught', 'memory', 'loop', 'kill'] as const;
export type CrashWay = (typeof crashWays)[number];

export interface CrashTestQuestion {
  readonly role: CrashRole;
  /** Index among the processes of the role. */
  readonly index: number;
  readonly by: CrashWay;
  readonly isMeant: true;
}

export interface CrashTestAnswer {
  /** The process that crashes now. */
  readonly pid: number;
}

const question: z.ZodType<CrashTestQuestion> = z.strictObject({
  role: z.enum(crashRoles),
  index: z.int().min(0).max(1000),
  by: z.enum(crashWays),
  isMeant: z.literal(true),
});
const answer: z.ZodType<CrashTestAnswer> = z.object({ pid: z.int() });

export const crashTest = { role: 'change' as const, question, answer };
