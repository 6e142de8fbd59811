// The operation by which mail is signed, which the keys process answers.

import { z } from 'zod';
import { maxHeaderBytes } from '../../dkim/limits.ts';
import type { Signer, SigningAnswer, SigningRequest } from '../../signing/types.ts';
import { text } from './common.ts';
import type { OperationSet, Service, TypesOf } from './operation.ts';
import { ping } from './queue-pages.ts';

const hash = z.string().max(64).optional();
const request: z.ZodType<SigningRequest> = z.strictObject({
  author: text,
  tenant: text,
  user: z.string().max(12_288),
  routes: z.array(text),
  header: z.string().max(2 * maxHeaderBytes),
  bodyHashes: z.strictObject({ simple: hash, relaxed: hash }),
  domainKeyDigest: hash,
});
const answer: z.ZodType<SigningAnswer> = z.union([
  z.object({ kind: z.literal('signed'), fields: z.string(), by: z.array(z.string()) }),
  z.object({ kind: z.literal('unsigned'), reason: z.string().optional() }),
  z.object({ kind: z.literal('failing'), reason: z.string() }),
]);

const signing = { 'sign-mail': { question: request, answer }, ping };

/** What receivers and the manager ask the keys process. */
export type SigningSet = TypesOf<typeof signing>;
export const signingOperations: OperationSet<SigningSet> = signing;

/** Answers the operations by who has the keys. */
export function signingService(signer: Signer): Service<SigningSet> {
  return { 'sign-mail': (question) => signer.sign(question), ping: () => null };
}
