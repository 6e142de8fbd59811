// The operations of `sluice policy try`: the control process gets a message and passes it through the manager to a receiver, whose stages
// are tried on it. The message travels in pieces, so that no process that carries mail stands still for it.

import { z } from 'zod';

import { setDiversions } from './diversions.ts';
import { points } from '../../policy/stage.ts';
import type { StageRun, TrialMail, TrialOutcome, TrialReport } from '../../receive/trial/trial-types.ts';
import { text } from './common.ts';
import { clientAddress, explainStages } from './stages.ts';
import type { OperationSet, TypesOf } from './operation.ts';

/** The largest message that can be tried: a request has 16 MiB at most, in base64. */
export const mostTrialBytes = 12_000_000;
/** Bytes of a message that travel at once. */
export const trialPieceBytes = 48 * 1024;
const mostRecipients = 1_000;

/** What stands in a command as it is given: it must not end the command. */
const word = text.refine((given) => !/[\u0000-\u001f\u007f]/.test(given), 'has a control character');
const address = word.refine((given) => !/[<>]/.test(given), 'is an address without brackets');

const mail: z.ZodType<TrialMail> = z.strictObject({
  from: address,
  to: z.array(address).min(1, 'needs a recipient').max(mostRecipients),
  client: clientAddress,
  clientName: word.optional(),
  helo: word.min(1, 'is empty'),
  user: word.optional(),
  listener: text.optional(),
  tls: z.boolean(),
});

const run: z.ZodType<StageRun> = z.object({
  stage: z.string(),
  point: z.enum(points),
  ms: z.number(),
  verdict: z.string(),
  text: z.string().optional(),
  edits: z.array(z.string()),
  result: z.record(z.string(), z.string()).optional(),
  failure: z.string().optional(),
});

const outcome: z.ZodType<TrialOutcome> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('accepted'),
    from: z.string(),
    to: z.array(z.object({ address: z.string(), isCopy: z.boolean() })),
    tenant: z.string(),
    priority: z.number().optional(),
    quarantine: z.string().optional(),
    turnAt: z.number().optional(),
    sizeBytes: z.number(),
    header: z.string(),
  }),
  z.object({ kind: z.literal('discarded'), stage: z.string(), reason: z.string() }),
  z.object({
    kind: z.literal('refused'),
    command: z.string(),
    reply: z.string(),
    stage: z.string(),
  }),
]);

const answer: z.ZodType<TrialReport> = z.object({
  listener: z.string(),
  steps: z.array(z.object({ command: z.string(), reply: z.array(z.string()), stages: z.array(run) })),
  outcome,
  refusedRecipients: z.array(z.object({ address: z.string(), reply: z.string(), stage: z.string() })),
});

const base64 = z.base64();
/** Names one trial on its way. */
const trial = z.string().min(1).max(64);

/** It runs programs, and shows what is in the mail: for those with full rights. */
export const tryPolicy = {
  role: 'change' as const,
  question: z.strictObject({ mail, content: base64 }),
  answer,
};

/** The next piece of the message of a trial. */
export const tryPiece = { question: z.strictObject({ trial, piece: base64 }), answer: z.null() };
/** Tries the pieces that have come. */
export const tryMail = { question: z.strictObject({ trial, mail }), answer };

const receiver = {
  'policy.piece': tryPiece,
  'policy.mail': tryMail,
  'policy.stages': explainStages,
  'divert.set': setDiversions,
};

/** What the manager asks a receiver. */
export type ReceiverSet = TypesOf<typeof receiver>;
export const receiverOperations: OperationSet<ReceiverSet> = receiver;
