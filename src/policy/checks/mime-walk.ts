// Walks over the lines of a body: which are fields of parts and of attached messages, and which are text. As Postfix does it, so that its tables say the
// same of the same message: a part begins at a line with its boundary, whatever else is on that line, and what is no field ends a header.
// Promises: where programs may differ in what the parts of a message are, all that any of them may take for a field or for text is found.

import { contentKindOf, type ContentKind, eitherKind, otherContent } from './content-type.ts';

/** A line, or a piece of one that is longer than `longestPiece`. */
export interface BodyLine {
  /** Without its end. */
  readonly text: string;
  /** Where it begins in the body, and where the next line begins. */
  readonly start: number;
  readonly end: number;
  /** It goes on with the line of the piece before. */
  readonly isContinued: boolean;
}

/** A field of a part or an attached message, or a line of text. */
export interface Found {
  readonly place: 'part' | 'nested' | 'text';
  /** A field with its folds as LF and what follows. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Bytes of the same part's text before it; 0 for a field. */
  readonly offset: number;
  /** A line that is also found as a field. */
  readonly isField?: true;
}

/** Parts in parts, beyond which boundaries are not told apart. */
const deepest = 100;

interface OpenPart {
  readonly boundary: string;
  readonly isDigest: boolean;
}

interface GatheredField {
  text: string;
  readonly start: number;
  end: number;
}

export class MimeWalk {
  readonly #mostFieldLength: number;
  readonly #open: OpenPart[] = [];
  /** Undefined in text. */
  #header: 'part' | 'nested' | undefined;
  /** Of the header that is being read, or was read last. */
  #content: ContentKind;
  /** The header has a field that says so. */
  #isSaid = false;
  /** Programs may differ in the boundaries. From there on, each line that may be one is taken for one, and fields are text as well. */
  #isUnclear = false;
  #mayBeDigest = false;
  #field: GatheredField | undefined;
  #offset = 0;

  /**
   * @param content - of the message
   * @param mostFieldLength - what of a field goes beyond is not looked at
   */
  constructor(content: ContentKind, mostFieldLength: number) {
    this.#content = content;
    this.#mostFieldLength = mostFieldLength;
    this.#begin();
  }

  /** The header of the message ends here for programs that have read on behind lines that are no fields. */
  begin(content: ContentKind): void {
    this.#field = undefined;
    this.#header = undefined;
    this.#content = content;
    this.#begin();
  }

  /** Does nothing follow but text? Then it need not be walked over. */
  get isPlain(): boolean {
    return this.#header === undefined && this.#open.length === 0 && !this.#isUnclear;
  }

  /** Takes the next line. @returns what is complete by it: a field before it, and the line if it is text, or may be */
  *take(line: BodyLine): Generator<Found> {
    if (this.#header !== undefined) {
      if (this.#field !== undefined && (line.isContinued || /^[ \t]/u.test(line.text))) {
        this.#append(this.#field, line);
        yield* this.#textOfField(line);
        return;
      }
      yield* this.#endField();
      const field = normalizedField(line.text);
      if (field !== undefined && !line.isContinued) {
        this.#field = { text: field, start: line.start, end: line.end };
        yield* this.#textOfField(line);
        return;
      }
      this.#header = undefined;
      if (line.text === '') this.#begin();
    }
    if (!line.isContinued && line.text.startsWith('--')) this.#boundary(line.text);
    yield { place: 'text', ...line, offset: this.#offset };
    this.#offset += line.end - line.start;
  }

  *#textOfField(line: BodyLine): Generator<Found> {
    if (!this.#isUnclear) return;
    yield { place: 'text', ...line, offset: this.#offset, isField: true };
    this.#offset += line.end - line.start;
  }

  /** The body has ended. */
  *end(): Generator<Found> {
    yield* this.#endField();
  }

  /** The empty line behind a header: what follows is said by the header. */
  #begin(): void {
    const content = this.#content;
    this.#offset = 0;
    this.#noteUnclear();
    if (content.kind === 'message' || (content.kind === 'unclear' && content.isMessage))
      this.#beginHeader('nested', otherContent);
    else if (content.kind === 'multipart') {
      if (this.#open.length >= deepest) this.#isUnclear = true;
      if (this.#isUnclear) this.#mayBeDigest ||= content.isDigest;
      else this.#open.push(content);
    }
  }

  #beginHeader(header: 'part' | 'nested', content: ContentKind): void {
    this.#header = header;
    this.#content = content;
    this.#isSaid = false;
  }

  #noteUnclear(): void {
    if (this.#content.kind !== 'unclear') return;
    this.#isUnclear = true;
    this.#mayBeDigest ||= this.#content.isDigest || this.#open.some(({ isDigest }) => isDigest);
  }

  #boundary(text: string): void {
    if (this.#isUnclear) {
      this.#beginHeader('part', this.#mayBeDigest ? { kind: 'message' } : otherContent);
      return;
    }
    for (let at = this.#open.length - 1; at >= 0; at--) {
      const part = this.#open[at] as OpenPart;
      if (!text.startsWith(part.boundary, 2)) continue;
      this.#open.length = at + 1;
      if (text.startsWith('--', 2 + part.boundary.length)) this.#open.length = at;
      else this.#beginHeader('part', part.isDigest ? { kind: 'message' } : otherContent);
      return;
    }
  }

  #append(field: GatheredField, { text, isContinued, end }: BodyLine): void {
    const room = this.#mostFieldLength - field.text.length;
    if (room > 0) field.text += `${isContinued ? '' : '\n'}${text}`.slice(0, room);
    field.end = end;
  }

  *#endField(): Generator<Found> {
    const field = this.#field;
    if (field === undefined || this.#header === undefined) return;
    this.#field = undefined;
    const [, value] = /^content-type:(.*)$/isu.exec(field.text) ?? [];
    if (value !== undefined) {
      const kind = contentKindOf(value);
      this.#content = this.#isSaid ? eitherKind(this.#content, kind) : kind;
      this.#isSaid = true;
      this.#noteUnclear();
    }
    yield { place: this.#header, ...field, offset: 0 };
  }
}

/** The first line of a field, without blanks before the colon (RFC 5322 4.5.8); undefined for a line that begins none. */
export function normalizedField(text: string): string | undefined {
  const [whole, name = ''] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:/u.exec(text) ?? [];
  return whole === undefined ? undefined : `${name}:${text.slice(whole.length)}`;
}
