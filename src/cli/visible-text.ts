// A message as text that a terminal can only show: every character that a terminal would obey becomes a picture of it, and
// bytes that are not UTF-8 the replacement character. Works piece by piece, in bounded memory.

import { replaceUnprintable } from '../values/unprintable.ts';

export class VisibleText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** The last piece ended in CR: the next one tells whether this is a line end. */
  #endsInCr = false;

  add(piece: Uint8Array): string {
    return this.#shown(this.#decoder.decode(piece, { stream: true }), false);
  }

  /** The rest: what was held back of an incomplete character or line end. */
  end(): string {
    return this.#shown(this.#decoder.decode(), true);
  }

  #shown(decoded: string, isLast: boolean): string {
    const text = this.#endsInCr ? `\r${decoded}` : decoded;
    this.#endsInCr = !isLast && text.endsWith('\r');
    return visible(this.#endsInCr ? text.slice(0, -1) : text);
  }
}

/**
 * Replaces control characters by their pictures (Unicode 2400 to 2421), and the controls of C1 and of writing direction by
 * U+FFFD. Keeps tabs, and line ends as LF.
 */
function visible(text: string): string {
  const pictures = text.replaceAll('\r\n', '\n').replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code === 0x7f ? '\u2421' : String.fromCharCode(0x2400 + code);
  });
  return pictures
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : replaceUnprintable(part, '\ufffd')))
    .join('');
}
