// How a session waits, and the events after which it goes on.

import type { ServerEvent } from '../protocol/smtp/server/server-types.ts';

/** How the session waits: its input is on hold until each `hold` was followed by a `resume`. */
export interface Waiting {
  hold(): void;
  resume(): void;
  /** The session may go on, or has replies to send: one of its messages that waited for stable storage is answered. */
  answered(): void;
}

/** An event after which the session goes on. */
export type StepEvent = Exclude<ServerEvent, { readonly kind: 'quit' | 'close' | 'starttls' | 'xclient' }>;
