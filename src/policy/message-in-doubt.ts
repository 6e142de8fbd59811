// A failure of a stage after which nobody can say what the message should be. It is refused for now, whatever `onFailure` says.

/** Thrown by a stage that has begun to change a message, and cannot end it. */
export class MessageInDoubt extends Error {}

/** @param thrown - by a stage, and therefore anything */
export function isInDoubt(thrown: unknown): boolean {
  try {
    return thrown instanceof MessageInDoubt;
  } catch {
    return false; // an object that throws when it is looked at
  }
}
