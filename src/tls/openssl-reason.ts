// What OpenSSL says about an error, without its numbers and the places in its source.

/** E.g. `ee key too small`. */
export function opensslReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  // error:0A000102:SSL routines:FUNCTION:REASON:FILE:LINE:, where the function may be missing.
  const [, reason] = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/iu.exec(error.message) ?? [];
  return reason?.trim() ?? error.message.trim();
}
