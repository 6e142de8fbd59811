// Changing the password of a user: by the user, who proves it by the old one, and by operators. The keys process answers for the control process alone.

import { z } from 'zod';
import type { PasswordChange, PasswordChanged } from '../../directory/password-change.ts';
import { textUpTo } from '../override.ts';
import { banned, failing, wrong } from './directory.ts';
import type { OperationSet, Service, TypesOf } from './operation.ts';
import { text } from './common.ts';

/** More than a password may have, so that people are told the rule. */
const password = textUpTo(2_000);

const changeByUser: z.ZodType<PasswordChange & { readonly password: string }> = z.strictObject({
  login: text,
  password,
  next: password,
});
const changeByOperator: z.ZodType<Omit<PasswordChange, 'password'>> = z.strictObject({
  login: text,
  next: password,
});

const changed: z.ZodType<PasswordChanged> = z.union([
  z.object({ kind: z.literal('changed'), user: z.string() }),
  z.object({ kind: z.literal('refused'), code: z.string(), message: z.string(), advice: z.string() }),
  wrong,
  banned,
  failing,
]);

export const changePassword = { role: 'own' as const, question: changeByUser, answer: changed };
export const setPassword = { role: 'change' as const, question: changeByOperator, answer: changed };

const passwords = { 'change-password': changePassword, 'set-password': setPassword };

/** What the control process alone asks the keys process. */
export type PasswordSet = TypesOf<typeof passwords>;
export const passwordOperations: OperationSet<PasswordSet> = passwords;

/** Answers the operations by who changes passwords. */
export function passwordService(
  change: (question: PasswordChange) => Promise<PasswordChanged>,
): Service<PasswordSet> {
  return {
    'change-password': (question) => change(question),
    'set-password': ({ login, next }) => change({ login, next }),
  };
}
