// How the built-in reactions are written down: one row for each reply, under the provider that gives it.

import type { ReactionAction, ReactionRule } from '../types.ts';

/** What the reply is about, its code or the beginning of it, what occurs in its text, and what to do. */
export type ReactionRow = readonly [name: string, code: string, text: string, action: ReactionAction];

/** Half the connections for so many minutes. */
export function slow(minutes: number): ReactionAction {
  return { kind: 'slow', forMs: minutes * 60_000 };
}

/** No connections for so many minutes. */
export function pause(minutes: number): ReactionAction {
  return { kind: 'pause', forMs: minutes * 60_000 };
}

/**
 * Nothing but the usual next attempt, whatever more general rules below would make of it: what the reply is about is one
 * message, sender or recipient, and other mail for the site has nothing to do with it.
 */
export const onlyThisMessage: ReactionAction = { kind: 'retry' };

/**
 * The rules of one provider.
 * @param mx - its MX hosts; empty: any
 * @param source - the page that tells of these replies
 */
export function rulesOf(
  provider: string,
  mx: readonly string[],
  source: string,
  rows: readonly ReactionRow[],
): ReactionRule[] {
  return rows.map(([name, code, text, action]) => ({
    name: `${provider}: ${name}`,
    origin: 'built in',
    source,
    code,
    text,
    mx,
    action,
  }));
}
