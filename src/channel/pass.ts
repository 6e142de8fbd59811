// Passes of roles: with its pass a process proves to the manager which role it is, so that a receiver that somebody has taken
// over cannot pose as a sender, or as an administrator. The supervisor makes a key for each run and tells it to the manager
// alone; every other process gets the pass that the key gives for its own role and number. A pass is no secret to its owner,
// and of no use for anything else.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Hello, KeysHello } from './messages.ts';

type Bearer = Pick<Hello | KeysHello, 'role' | 'index' | 'serial'>;

/** The key of one run of Sluice. */
export function newPassKey(): string {
  return randomBytes(32).toString('hex');
}

/** The pass of a process. */
export function passOf(key: string, { role, index, serial }: Bearer): string {
  return createHmac('sha256', key).update(`${role} ${index} ${serial}`).digest('hex');
}

/** Whether the process that says hello is what it says. */
export function hasPass(key: string, hello: Hello | KeysHello): boolean {
  // What arrives may be anything: nothing is proved yet.
  const pass: unknown = hello.pass;
  if (typeof pass !== 'string') return false;
  const [right, given] = [Buffer.from(passOf(key, hello)), Buffer.from(pass)];
  return right.length === given.length && timingSafeEqual(right, given);
}
