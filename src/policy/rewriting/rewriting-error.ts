// Why addresses cannot be rewritten. Either way the mail is not accepted now, and its client tries again.

/** A fault in what an administrator has written, which has to be mended. */
export class RewritingError extends Error {
  override readonly name = 'RewritingError';
}

/** A table cannot tell now. It is a trouble of its own. */
export class TableFailure extends Error {
  override readonly name = 'TableFailure';
}
