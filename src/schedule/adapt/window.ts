// How many connections one source may have to one site: a window that grows with success and is halved by trouble.
// Additive increase, multiplicative decrease as in RFC 5681 3.1, on connections instead of segments; the caller has the clock.

/** Ms that growth stops below what was too much, at first, and at most. */
const firstCeilingMs = 10 * 60_000;
const longestCeilingMs = 24 * 3_600_000;

/** Ms that a first connection may wait for its greeting before a second one is allowed: its address may be the only dead one. */
const unansweredMs = 3_000;

/** Changed in place; plain numbers. */
export interface Window {
  /** Connections allowed now. */
  allowed: number;
  /** Connections allowed once the site has greeted. */
  first: number;
  /** Successes since the last increase, while `growing`. */
  fraction: number;
  /**
   * `unknown`: not greeted yet, one connection, and one more each time that those there have hung for a while; `start`: one
   * more for each success; `growing`: one more for a round of them; else held until `untilMs`.
   */
  state: 'unknown' | 'start' | 'growing' | 'slowed' | 'paused';
  /** Unix ms when what `unknown`, `slowed` and `paused` allow changes; 0: it does not change by itself. */
  untilMs: number;
  /** Connections that were too many last time: growth stops below until `ceilingUntilMs`. 0: none known. */
  ceiling: number;
  ceilingUntilMs: number;
  /** How long the ceiling is respected; longer each time that it proves to be one. */
  ceilingForMs: number;
  /** The reply or failure of the last cut; kept for people after its effect has ended. */
  reason: string;
}

/** The window of a source and a site that nothing is known about; its first connection opens now. */
export function newWindow(startConnections: number, nowMs: number): Window {
  return {
    allowed: 1,
    first: startConnections,
    fraction: 0,
    state: 'unknown',
    untilMs: startConnections > 1 ? nowMs + unansweredMs : 0,
    ceiling: 0,
    ceilingUntilMs: 0,
    ceilingForMs: 0,
    reason: '',
  };
}

/** A connection was greeted: somebody is there. */
export function afterGreeting(window: Window): void {
  if (window.state !== 'unknown') return;
  window.state = 'start';
  window.allowed = window.first;
  window.untilMs = 0;
}

/**
 * A transaction went well. RFC 7661: a window that was not filled has proved nothing, and does not grow.
 * @param used - connections that there are, with the one of the transaction
 */
export function afterSuccess(window: Window, used: number, nowMs: number): void {
  atTime(window, nowMs);
  if (used < window.allowed) return;
  if (window.ceiling > 0) {
    if (window.allowed + 1 >= window.ceiling && nowMs < window.ceilingUntilMs) return;
    // Twice as many are borne by now: what was too much once is so no longer.
    if (window.allowed >= 2 * window.ceiling) window.ceiling = 0;
  }
  if (window.state === 'start') {
    window.allowed++;
  } else if (window.state === 'growing') {
    window.fraction++;
    if (window.fraction < window.allowed) return;
    window.allowed++;
    window.fraction = 0;
  }
}

/**
 * The site has too much: half of what was in use, never less than one, and no more until `untilMs`. A window that never
 * was full is cut to what the trouble came with.
 */
export function afterTrouble(window: Window, used: number, untilMs: number, reason: string): void {
  // What connections still say that were open before the pause is no news.
  if (window.state === 'paused') return;
  const inUse = Math.min(window.allowed, Math.max(used, 1));
  // What follows a cut is its echo; the first trouble says how many were too many.
  if (window.state !== 'slowed') {
    const again = window.ceiling > 0;
    window.ceilingForMs = again ? Math.min(2 * window.ceilingForMs, longestCeilingMs) : firstCeilingMs;
    window.ceiling = Math.max(2, inUse);
    window.ceilingUntilMs = untilMs + window.ceilingForMs;
  }
  window.allowed = Math.max(1, Math.floor(inUse / 2));
  window.fraction = 0;
  window.state = 'slowed';
  window.untilMs = Math.max(window.untilMs, untilMs);
  window.reason = reason;
}

/** The site wants nothing for a time; a longer pause is not shortened. */
export function afterPause(window: Window, untilMs: number, reason: string): void {
  window.allowed = 0;
  window.fraction = 0;
  window.untilMs = window.state === 'paused' ? Math.max(window.untilMs, untilMs) : untilMs;
  window.state = 'paused';
  window.reason = reason;
}

/** Ends what ends by now: what was paused begins with one connection, and both grow slowly from then on. */
export function atTime(window: Window, nowMs: number): void {
  if (window.untilMs === 0 || window.untilMs > nowMs) return;
  if (window.state === 'unknown') {
    window.allowed++;
    window.untilMs = window.allowed < window.first ? nowMs + unansweredMs : 0;
    return;
  }
  window.untilMs = 0;
  window.state = 'growing';
  window.fraction = 0;
  window.allowed = Math.max(1, window.allowed);
}
