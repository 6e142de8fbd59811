// Cuts a line to the columns of a terminal, where wide characters take two columns and combining marks none.

const plain = /^[\x20-\x7e]*$/;
const mark = /\p{M}/u;
/** Two columns each (Unicode Annex 11, wide and full-width). */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Returns the part of the line that fits into `columns`, or the whole line. */
export function cutLine(line: string, columns: number): string {
  if (plain.test(line)) return line.slice(0, columns);
  let used = 0;
  let end = 0;
  for (const letter of line) {
    used += mark.test(letter) ? 0 : wide.test(letter) ? 2 : 1;
    if (used > columns) break;
    end += letter.length;
  }
  return line.slice(0, end);
}
