// The error of parsers of values. Its message is for the administrator; the configuration adds file, line, column and key.

/** A text is not a valid value. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}
