// What a value parser throws: a text for the administrator. The configuration adds file, line, column and key.

/** One value is not what its key allows. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}
