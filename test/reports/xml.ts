// A small reader of XML for tests, strict about what is well-formed in the part of XML that reports use: elements, attributes, text,
// references, an XML declaration.

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly elements: readonly XmlElement[];
  /** Of an element without elements in it. */
  readonly text: string;
}

const references: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML 1.0 2.2. */
const noCharacter = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** @throws {SyntaxError} when it is not well-formed */
export function readXml(xml: string): XmlElement {
  if (noCharacter.test(xml)) throw new SyntaxError('a character that no XML may have');
  let at = /^(?:\s*<\?xml [^?]*\?>)?\s*/.exec(xml)?.[0].length ?? 0;
  const fail = (why: string): never => {
    throw new SyntaxError(`${why} at ${at}: ${xml.slice(at, at + 40)}`);
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const sticky = new RegExp(pattern, 'yu');
    sticky.lastIndex = at;
    const found = sticky.exec(xml);
    if (found !== null) at += found[0].length;
    return found;
  };
  const plain = (text: string): string => {
    if (text.includes(']]>')) fail('"]]>" in a text');
    return text.replaceAll(/&([^;]*;?)/g, (_all, reference: string) => {
      const known = references[reference.slice(0, -1)];
      return reference.endsWith(';') && known !== undefined ? known : fail('an unknown reference');
    });
  };
  const element = (): XmlElement => {
    const opened = take(/<([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+="[^"<]*")*)\s*(\/?)>/);
    if (opened === null) return fail('no element');
    const [, name = '', given = '', empty] = opened;
    const attributes = Object.fromEntries(
      [...given.matchAll(/([\w.:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, plain(value)]),
    );
    const elements: XmlElement[] = [];
    let text = '';
    if (empty === '/') return { name, attributes, elements, text };
    for (;;) {
      text += plain(take(/[^<]*/)?.[0] ?? '');
      const closed = take(/<\/([\w.:-]+)\s*>/);
      if (closed === null) elements.push(element());
      else if (closed[1] === name) break;
      else fail(`</${closed[1]}> closes <${name}>`);
    }
    return { name, attributes, elements, text };
  };
  const root = element();
  if (xml.slice(at).trim() !== '') fail('something behind the root');
  return root;
}
