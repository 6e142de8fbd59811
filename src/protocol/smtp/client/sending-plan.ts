// How commands and content are sent in a session: it follows from what the server offers and what the options allow.

import { mostByData, type SendingWay } from '../../../values/pipelining.ts';
import type { ClientSessionOptions } from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

export interface SendingPlan {
  readonly way: SendingWay;
  /** The most transactions on the way. */
  readonly depth: number;
}

export const oneByOne: SendingPlan = { way: 'single', depth: 1 };

/** RFC 2920: several transactions, and content with its commands, need PIPELINING. */
export function sendingPlan(extensions: ServerExtensions, options: ClientSessionOptions): SendingPlan {
  const { chunking, depth, dialect, pipelining } = options;
  if (!extensions.pipelining || pipelining === false) return oneByOne;
  // RFC 2033 knows no BDAT: how many replies come when nobody was accepted, nobody knows.
  const mayChunk = extensions.chunking && chunking === true && dialect?.repliesPerRecipient !== true;
  // One message at a time is served as every server knows it: by DATA.
  const isByChunks = mayChunk && depth !== undefined && depth.chunking > 1;
  if (isByChunks) return { way: 'chunk', depth: depth.chunking };
  return { way: 'group', depth: Math.min(mostByData, Math.max(1, depth?.data ?? 1)) };
}
