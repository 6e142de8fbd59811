// Reads the trail of a process that has ended: its last steps, and what it had begun and not ended.

import { bounded, type CrashStep } from './crash-record.ts';
import { began, headBytes, slotBytes } from './trail.ts';

export interface ReadTrail {
  /** The last steps, oldest first. */
  readonly steps: readonly CrashStep[];
  /** What was begun and not ended, what began last first. */
  readonly inHand: readonly CrashStep[];
}

const mostSteps = 20;
const mostInHand = 100;
/** The end of the year 9999. */
const lastMs = 253_402_300_799_999;

interface Note extends CrashStep {
  readonly count: number;
  readonly hasBegun: boolean;
  readonly scope: number;
}

/** @param ring - the content of the file; whatever the process has written there */
export function readTrail(ring: Buffer): ReadTrail {
  const notes = notesOf(ring);
  const open = new Set<Note>();
  for (const note of notes) {
    if (note.hasBegun) open.add(note);
    else for (const each of endedBy(note, open)) open.delete(each);
  }
  const steps = notes.filter(({ step }) => step !== '').slice(-mostSteps);
  return {
    steps: steps.map(({ step, subject, at, hasBegun }) => ({
      step: hasBegun ? step : `${step} (ended)`,
      subject,
      at,
    })),
    inHand: [...open]
      .sort((a, b) => b.count - a.count)
      .slice(0, mostInHand)
      .map(({ step, subject, at }) => ({ step, subject, at })),
  };
}

/** Without a step, all of its scope; else the oldest of its kind. What began before the oldest slot is not known. */
function endedBy(end: Note, open: ReadonlySet<Note>): readonly Note[] {
  const ofScope = [...open].filter(({ scope }) => scope === end.scope);
  if (end.step === '') return ofScope;
  return ofScope
    .filter(({ step, subject }) => step === end.step && firstWord(subject) === firstWord(end.subject))
    .slice(0, 1);
}

function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}

function notesOf(ring: Buffer): Note[] {
  const notes: Note[] = [];
  for (let at = 0; at + slotBytes <= ring.length; at += slotBytes) {
    const count = ring.readDoubleLE(at);
    const atMs = ring.readDoubleLE(at + 8);
    const length = ring[at + 17] ?? 0;
    if (!(count > 0) || !(atMs >= 0 && atMs <= lastMs)) continue;
    const text = ring.toString('utf8', at + headBytes, Math.min(at + headBytes + length, at + slotBytes));
    const space = text.indexOf(' ');
    if (space === -1) continue;
    notes.push({
      count,
      hasBegun: ring[at + 16] === began,
      scope: ring.readDoubleLE(at + 18),
      step: bounded(text.slice(0, space), 30),
      subject: bounded(text.slice(space + 1), 600),
      at: new Date(atMs).toISOString(),
    });
  }
  return notes.sort((a, b) => a.count - b.count);
}
