// What follows from a command: a reply, or a question to the owner of the session.

import type { Pop3Event, ResponseCode } from './server-types.ts';

/** A reply. `lines` follow the first one. */
export type Said =
  | { readonly kind: 'ok'; readonly text: string; readonly lines?: Iterator<string> }
  | { readonly kind: 'error'; readonly text: string; readonly code?: ResponseCode };

export type Outcome =
  | Said
  | { readonly kind: 'ask'; readonly event: Exclude<Pop3Event, { readonly kind: 'close' }> };

export function ok(text: string, lines?: Iterator<string>): Said {
  return lines === undefined ? { kind: 'ok', text } : { kind: 'ok', text, lines };
}

export function error(text: string, code?: ResponseCode): Said {
  return code === undefined ? { kind: 'error', text } : { kind: 'error', text, code };
}
