// The context of a listener for clients that are not limited like others.

import type { ReceiveContext } from './receive-context.ts';
import type { GuessSettings } from './types.ts';

/** Nobody is slowed or refused for recipients that do not exist. */
const noGuessing: GuessSettings = { free: 0, delayMs: 0, most: 0, awaitsProof: false };

/**
 * For clients that the limits per client do not apply to.
 *
 * Created once for all connections, since sessions with the same options object share their encoded replies.
 */
export function withoutClientLimits(context: ReceiveContext): ReceiveContext {
  const { settings } = context;
  return {
    ...withoutClientCounts(context),
    settings: { ...settings, session: { ...settings.session, maxErrors: 0 }, guessing: noGuessing },
  };
}

/** For clients whose address is not known: what counts by address does not apply. */
export function withoutClientCounts(context: ReceiveContext): ReceiveContext {
  const { tls } = context;
  return {
    ...context,
    guesses: undefined,
    tls: tls === undefined ? undefined : { ...tls, limitsClients: false },
  };
}
