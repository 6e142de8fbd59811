// The lines of the control socket, one JSON object each. The client sends one request, which it may cancel. Parts may come
// before the `end`. The operations themselves are declared in `operations/`.

import { z } from 'zod';
import type { ControlSet } from './operations/sets.ts';

export type ControlName = keyof ControlSet & string;

/** The request of one operation: its name and its question in one object. */
export type RequestFor<Name extends ControlName> = {
  readonly operation: Name;
} & ControlSet[Name]['question'];

/** A request of any operation. */
export interface AnyRequest {
  readonly operation: ControlName;
}

export type ControlRequest = { readonly [Name in ControlName]: RequestFor<Name> }[ControlName];

export type ControlReply =
  /** What comes before the answer: rows of a list, or progress. */
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }
  /** A sign of life, once a second, while the answer takes longer. */
  | { readonly kind: 'working' }
  | { readonly kind: 'end'; readonly result?: unknown }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly advice: string };

/** Replies as they arrive. What a later version says beside them is no reply. */
export const replySchema: z.ZodType<ControlReply> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rows'), rows: z.array(z.unknown()) }),
  z.object({ kind: z.literal('working') }),
  z.object({ kind: z.literal('end'), result: z.unknown() }),
  z.object({ kind: z.literal('error'), code: z.string(), message: z.string(), advice: z.string() }),
]);

/** Sent behind the request, this line cancels it: the answer then says how far it came. */
export const cancelLine = { operation: 'cancel' };
