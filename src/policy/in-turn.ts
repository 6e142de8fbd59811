// How a stage asks somebody else: a scanner, a server, a program. Promises: so many are asked at a time, a bounded number of sessions waits in
// line, none longer than its time, a session that has gone gives its place back at once, and one whose client sends no more leaves the line. Each stage has places of its own, so that one
// whose scanner is slow or dead delays its own mail alone.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { Places } from '../io/places.ts';
import type { SessionFacts } from './stage.ts';

/**
 * Thrown by a stage that is asked by more sessions than it has places for. The client is asked to try again later, whatever `onFailure` says:
 * else a flood would get mail past a scanner. It is no sign that what the stage asks is broken, so it does not count for its breaker.
 */
export class StageBusy extends Error {}

/** Thrown in place of that when the client itself gave up its place in line: that tells nothing about the stage. */
class LeftLine extends StageBusy {}

/** Who waits for a place of a stage. */
export interface InLine {
  /** Aborted when the session has gone. */
  readonly signal?: AbortSignal;
  readonly input?: SessionFacts['input'];
}

/** @param thrown - by a stage, and therefore anything */
export function isBusy(thrown: unknown): boolean {
  try {
    return thrown instanceof StageBusy;
  } catch {
    return false; // an object that throws when it is looked at
  }
}

/**
 * Did the client leave the line of the stage? Then the stage has not failed.
 * @param thrown - by a stage, and therefore anything
 */
export function hasLeftLine(thrown: unknown): boolean {
  return isBusy(thrown) && thrown instanceof LeftLine;
}

/**
 * Takes a place, perhaps after a wait. Whoever got one must call `places.leave`.
 * @param session - the wait ends when it has gone, or its client sends no more
 * @throws {StageBusy} when the line is full, no place came free in time, or the client has left the line; {Error} when the session has gone
 */
export async function takePlace(places: Places, waitMs: number, session: InLine): Promise<void> {
  switch (await places.take(waitMs, session.signal, session.input?.ended)) {
    case 'place':
      // It may have gone just when it got one.
      if (session.signal?.aborted !== true) return;
      places.leave();
      throw clientGone();
    case 'full':
      throw new StageBusy('too many sessions wait for it already');
    case 'late':
      throw new StageBusy('none of its places came free in time');
    case 'left':
      throw new LeftLine('the client closed its side of the connection while it waited in line');
    case 'gone':
      throw clientGone();
  }
}

export interface TurnParts {
  readonly places: Places;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
  /** For the wait in line and the answer together. */
  readonly limitMs: number;
}

/**
 * Asks in a place of the stage.
 * @param session - what is asked ends when it has gone
 * @param ask - is given a signal, which is aborted with the reason when its time is over or the session has gone; it must end soon after
 * @throws {StageBusy} see `takePlace`; {Error} with a clause for whatever else went wrong
 */
export async function inTurn<Answer>(
  { places, deadlines, limitMs }: TurnParts,
  session: InLine,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const startedAtMs = deadlines.nowMs;
  await takePlace(places, limitMs, session);
  const asking = new AbortController();
  const gone = (): void => asking.abort(clientGone());
  const late: Deadline = {
    atMs: Infinity,
    bucket: -1,
    expired: () => asking.abort(new Error(`it did not answer within ${Math.round(limitMs / 1000)} s`)),
  };
  session.signal?.addEventListener('abort', gone);
  deadlines.set(late, Math.max(1, limitMs - (deadlines.nowMs - startedAtMs)));
  try {
    return await ask(asking.signal);
  } catch (error) {
    throw asking.signal.aborted ? asking.signal.reason : error;
  } finally {
    deadlines.clear(late);
    session.signal?.removeEventListener('abort', gone);
    places.leave();
  }
}

/** What a stage asks for sessions: it ends with their transaction, or when the client has gone. */
export class AskedSessions {
  /** The facts are one object for each session. */
  readonly #asked = new WeakMap<SessionFacts, AbortController>();

  /** @returns who waits for what is asked now */
  begin(facts: SessionFacts): InLine & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    this.#asked.set(facts, controller);
    return { signal: controller.signal, input: facts.input };
  }

  /** Ends what is asked. */
  end(facts: SessionFacts): void {
    const asked = this.#asked.get(facts);
    if (asked === undefined) return;
    this.#asked.delete(facts);
    asked.abort();
  }
}

function clientGone(): Error {
  return new Error('the client has gone');
}
