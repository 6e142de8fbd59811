// The base of every error that can reach a person: a stable code, a message, and advice.

/**
 * An error with a stable code and advice.
 *
 * Subclasses live in the room that raises them; `code` never changes once released, because scripts match on it.
 */
export class SluiceError extends Error {
  /** Stable, upper-case, e.g. `SPOOL_FULL`. */
  readonly code: string;
  /** What the reader can do about it; empty when the message already says so. */
  readonly advice: string;

  constructor(code: string, message: string, advice = '', options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.advice = advice;
  }
}
