// Arithmetic of windows.

export interface Window {
  allowed: number;
  fraction: number;
  state: 'start' | 'growing' | 'slowed' | 'paused';
  untilMs: number;
  reason: string;
}

export function newWindow(allowed: number): Window {
  return { allowed, fraction: 0, state: 'start', untilMs: 0, reason: '' };
}

export function afterSuccess(window: Window, used: number, _nowMs: number): void {
  if (used < window.allowed) return;
  if (window.state === 'start') {
    window.allowed += 1;
  } else if (window.state === 'growing') {
    window.fraction += 1;
    if (window.fraction >= window.allowed) {
      window.allowed += 1;
      window.fraction = 0;
    }
  }
}

export function afterTrouble(window: Window, used: number, untilMs: number, reason: string): void {
  window.reason = reason;
  if (window.state === 'paused') return;
  window.allowed = Math.max(1, Math.floor(Math.min(window.allowed, Math.max(used, 1)) / 2));
  window.state = 'slowed';
  window.fraction = 0;
  window.untilMs = untilMs;
}

export function afterPause(window: Window, untilMs: number, reason: string): void {
  window.reason = reason;
  window.allowed = 0;
  window.state = 'paused';
  window.fraction = 0;
  window.untilMs = untilMs;
}

export function atTime(window: Window, nowMs: number): void {
  if (window.untilMs > nowMs || window.untilMs === 0) return;
  window.untilMs = 0;
  window.state = 'growing';
  window.allowed = Math.max(1, window.allowed);
}
