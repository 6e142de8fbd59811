// Text as it is written in a manual page (man(7)): nothing in it is taken for a request or an escape.

/** Escapes text for the body of a page. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '')
    .replaceAll('–', '\\(en')
    .replaceAll('’', '\\(cq')
    .replaceAll(
      /[^\0-\x7f]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replaceAll(/^\./gm, '\\&.');
}

/** Lines of the source are no longer than this. */
const width = 78;

/** A paragraph: each sentence begins a line, as man(7) asks, so that the space after it is right. */
export function sentences(text: string): string {
  return roff(text.trim())
    .replaceAll(/([.!?]) (?=[A-Z"])/g, '$1\n')
    .split('\n')
    .flatMap(wrapped)
    .join('\n');
}

function wrapped(line: string): string[] {
  const lines: string[] = [];
  for (const word of line.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    // A line that begins with a dot would be a request.
    else lines.push(word.startsWith('.') ? `\\&${word}` : word);
  }
  return lines;
}

/** An argument of a macro. */
export function quoted(text: string): string {
  return `"${roff(text).replaceAll('"', '\\(dq')}"`;
}

/** The first line of a page. @param date - of the page, Unix ms */
export function title(name: string, section: string, version: string, date: number): string {
  const day = new Date(date).toISOString().slice(0, 10);
  const kind = section === '5' ? 'File Formats Manual' : "System Manager's Manual";
  return `.TH ${name} ${section} ${day} "Sluice ${version}" ${quoted(kind)}\n`;
}
