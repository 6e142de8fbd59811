// Requests on the control socket are checked twice by the same rules: by the command before it sends one, so that people are
// told which value is wrong, and by the running Sluice before it acts on one.

import { z } from 'zod';
import { type ControlRequest, siteOrders } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { quantitiesSchema, reasonSchema, targetSchema, textUpTo, userSchema } from './override.ts';
import { wordFor } from './request-words.ts';

const text = textUpTo(1_000);
const ageMs = z.number().min(0);
const filter = z.strictObject({
  ids: z.array(text).optional(),
  sender: text.optional(),
  recipient: text.optional(),
  domain: text.optional(),
  tenant: text.optional(),
  state: text.optional(),
  olderThanMs: ageMs.optional(),
  newerThanMs: ageMs.optional(),
});
const count = z.int().min(0);
const kind = z.enum(['suspend', 'limit']);
const mostTargets = 1_000;
const targets = z
  .array(targetSchema)
  .min(1, 'are missing: name one at least')
  .max(mostTargets, `are too many: ${mostTargets} can be named at once`);

/** Ten years: an end beyond the calendar is a mistake. */
const mostForDays = 3650;
const maxForMs = mostForDays * 86_400_000;

const requests = {
  status: z.strictObject({
    operation: z.literal('status'),
    sites: count.optional(),
    order: z.enum(siteOrders).optional(),
    tenants: z.boolean().optional(),
  }),
  reload: z.strictObject({ operation: z.literal('reload'), file: textUpTo(4_096).optional() }),
  'queue-list': z.strictObject({
    operation: z.literal('queue-list'),
    filter,
    limit: count,
    located: z.boolean().optional(),
  }),
  'queue-change': z.strictObject({
    operation: z.literal('queue-change'),
    action: z.enum(['retry', 'hold', 'release', 'remove', 'bounce']),
    filter,
  }),
  explain: z.strictObject({
    operation: z.literal('explain'),
    address: text.min(1, 'is empty: name a mail address or a domain'),
    sender: text.optional(),
    tenant: text.optional(),
  }),
  limits: z.strictObject({ operation: z.literal('limits'), most: count.max(1_000_000) }),
  'override.list': z.strictObject({ operation: z.literal('override.list') }),
  'override.set': z
    .strictObject({
      operation: z.literal('override.set'),
      kind,
      targets,
      quantities: quantitiesSchema.optional(),
      forMs: z
        .int()
        .min(1)
        .max(maxForMs, `is too long a time: it may be ${mostForDays}d (ten years) at most`)
        .optional(),
      reason: reasonSchema,
      by: userSchema,
    })
    .refine((given) => (given.kind === 'limit') === (given.quantities !== undefined), {
      message: 'a limit has quantities, and a suspension has none',
    }),
  'override.unset': z.strictObject({ operation: z.literal('override.unset'), kind, targets }),
  'clock.confirm': z.strictObject({ operation: z.literal('clock.confirm') }),
} satisfies {
  [Name in ControlRequest['operation']]: z.ZodType<Extract<ControlRequest, { readonly operation: Name }>>;
};

/**
 * Checks a request before it is sent, and reports the value that the running Sluice would refuse.
 * @throws {ControlError} `VALUE_INVALID`
 */
export function checkRequest(request: ControlRequest): void {
  const parsed = requests[request.operation].safeParse(request);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw new ControlError(
    'VALUE_INVALID',
    `${wordFor(issue?.path ?? [], request)} ${issue?.message ?? 'is not valid'}.`,
    'Nothing was asked of the running Sluice. Correct the value; --help says what can be written.',
  );
}

/**
 * Reads one line of the control socket.
 * @throws {ControlError} `CONTROL_OPERATION` when there is no such operation, `CONTROL_REQUEST` when the request is not valid
 */
export function parseRequest(line: string): ControlRequest {
  const value = jsonOf(line);
  const name = operationOf(value);
  if (!isOperation(name)) {
    throw new ControlError(
      'CONTROL_OPERATION',
      'The running Sluice does not know this operation.',
      'Use the sluice command of the same version as the running one.',
    );
  }
  const parsed = requests[name].safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw notUnderstood(`${name}: ${place === '' ? '' : `${place}: `}${issue?.message ?? ''}`);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw notUnderstood('it is not JSON');
  }
}

function operationOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'operation' in value ? value.operation : undefined;
}

function isOperation(name: unknown): name is ControlRequest['operation'] {
  return typeof name === 'string' && Object.hasOwn(requests, name);
}

function notUnderstood(why: string): ControlError {
  return new ControlError(
    'CONTROL_REQUEST',
    `The running Sluice does not understand the request: ${why}.`,
    'Use the sluice command of the same version as the running one.',
  );
}
