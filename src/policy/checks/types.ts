// Header and body checks by tables, as Postfix has them: header_checks(5), regexp_table(5), pcre_table(5). What tables say about a line, and which
// lines there are.

/** Where a line stands, which says whose tables it is looked up in. */
export const checkPlaces = ['header', 'mime', 'nested', 'body'] as const;

/**
 * `header`: a field of the message. `mime`: a field about MIME (Content-Type and the like), of the message or of a part. `nested`: a field of an
 * attached message. `body`: a line of a body.
 */
export type CheckPlace = (typeof checkPlaces)[number];

export const actionWords = [
  'BCC',
  'DISCARD',
  'DUNNO',
  'FILTER',
  'HOLD',
  'IGNORE',
  'INFO',
  'OK',
  'PASS',
  'PREPEND',
  'REDIRECT',
  'REJECT',
  'REPLACE',
  'STRIP',
  'WARN',
] as const;

export type ActionWord = (typeof actionWords)[number];

/** What a table says about a line. */
export interface CheckAction {
  readonly word: ActionWord;
  /** What follows the word; empty for nothing. */
  readonly text: string;
  /** For the log: `header_checks line 7`. */
  readonly rule: string;
}

export interface ContentCheckLimits {
  /** What goes beyond of a field is not looked at. */
  readonly fieldBytes: number;
  /** Of each part, so much of its text is looked at. */
  readonly partBytes: number;
  /** Of all parts together, with their fields. */
  readonly allBytes: number;
  /** Of each rule, for lines of a message that it says something about. */
  readonly loggedLines: number;
}

/** One table. */
export interface CheckTable {
  /**
   * @param line - a header field with its folds as LF and what follows, or a line of a body, without its end
   * @returns undefined when it says nothing
   */
  find(line: CheckedLine): CheckAction | undefined;
}

/** A line, and what is computed of it once for all rules. */
export class CheckedLine {
  readonly text: string;
  #lower: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** For `CheckPattern.required`. */
  get lower(): string {
    // U+017F is an "s" to expressions that ignore case, and no other letter that becomes one of ASCII stays another here.
    this.#lower ??= this.text.toLowerCase().replaceAll('\u017f', 's');
    return this.#lower;
  }
}
