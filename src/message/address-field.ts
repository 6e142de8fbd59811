// Changes addresses in the value of a header field with an address list (RFC 5322 3.4). Promises: what is not part of a changed address stays as
// it came, byte by byte: names, comments, groups, folds; a value of which it is not clear where its addresses end is not touched.

import { folds, mailboxOf } from './address-list.ts';
import { type ListEntry, ListReader } from './address-list-reader.ts';

/** RFC 5322 2.1.1: the most octets of a line, without its end. */
const maxLineOctets = 998;

/** An address and where it is in the text. */
interface Placed extends Omit<ListEntry, 'text'> {
  readonly address: string;
}

export class AddressField {
  readonly #value: string;
  readonly #mailboxes: readonly Placed[];

  private constructor(value: string, mailboxes: readonly Placed[]) {
    this.#value = value;
    this.#mailboxes = mailboxes;
  }

  /**
   * @param value - the value of the field with its folds
   * @param defaultDomain - completes a name without a domain
   * @returns undefined when a comment, a quoted string or an angle bracket does not end, and when there is no address
   */
  static read(value: string, defaultDomain: string): AddressField | undefined {
    const reader = new ListReader(value.replaceAll(folds, ''));
    const entries = reader.read();
    if (reader.isCutOff) return undefined;
    const placeOf = placesIn(value);
    const mailboxes: Placed[] = [];
    for (const { text, ...at } of entries) {
      const address = mailboxOf(text, defaultDomain);
      if (address === undefined) continue;
      const start = placeOf(at.start);
      const localEnd = placeOf(at.localEnd - 1) + 1;
      const end = placeOf(at.end - 1) + 1;
      const hasDomain = at.domainStart < at.end;
      mailboxes.push({
        address,
        start,
        localEnd,
        domainStart: hasDomain ? placeOf(at.domainStart) : end,
        end,
      });
    }
    return mailboxes.length === 0 ? undefined : new AddressField(value, mailboxes);
  }

  /** Its addresses, in order, in the syntax of SMTP (RFC 5321 4.1.2). */
  get addresses(): readonly string[] {
    return this.#mailboxes.map(({ address }) => address);
  }

  /**
   * The value with other addresses.
   * @param changed - what each of `addresses` becomes, in the same order
   * @param nameOctets - of the name of the field and its colon, which stand before the value
   */
  withAddresses(changed: readonly string[], nameOctets: number): string {
    const pieces: string[] = [];
    let done = 0;
    for (const [index, mailbox] of this.#mailboxes.entries()) {
      const address = changed[index] ?? mailbox.address;
      if (address === mailbox.address) continue;
      pieces.push(this.#value.slice(done, mailbox.start), this.#replacement(mailbox, address));
      done = mailbox.end;
    }
    if (done === 0) return this.#value;
    pieces.push(this.#value.slice(done));
    return foldedWhereTooLong(pieces.join(''), nameOctets);
  }

  #replacement({ address, start, localEnd, domainStart, end }: Placed, changed: string): string {
    const [oldLocal, oldDomain] = parted(address);
    const [local, domain] = parted(changed);
    const has = (from: number, to: number): string => this.#value.slice(from, to);
    // A name alone, without a domain.
    if (domainStart === end) return changed + commentsIn(has(start, end));
    const newLocal = local === oldLocal ? has(start, localEnd) : local + commentsIn(has(start, localEnd));
    const newDomain =
      domain === oldDomain ? has(domainStart, end) : domain + commentsIn(has(domainStart, end));
    return newLocal + has(localEnd, domainStart) + newDomain;
  }
}

/** From the place of a character in the text without folds to its place in the text; asked in ascending order of entries. */
function placesIn(value: string): (at: number) => number {
  /** Where folds were in the text without them, and how many characters they have taken there in all. */
  const cuts: { readonly at: number; readonly removed: number }[] = [];
  let removed = 0;
  for (const { index, 0: fold } of value.matchAll(folds)) {
    const at = index - removed;
    removed += fold.length;
    cuts.push({ at, removed });
  }
  let next = 0;
  return (at) => {
    // The last word of an entry begins before the end of it: some steps back at most.
    while (next > 0 && (cuts[next - 1]?.at ?? 0) > at) next--;
    while (next < cuts.length && (cuts[next]?.at ?? Infinity) <= at) next++;
    return at + (cuts[next - 1]?.removed ?? 0);
  };
}

function parted(address: string): readonly [localPart: string, domain: string] {
  const at = address.lastIndexOf('@');
  return [address.slice(0, at), address.slice(at + 1)];
}

/** The comments within the words of an address that are replaced (RFC 5322 3.2.2). */
function commentsIn(words: string): string {
  if (!words.includes('(')) return '';
  let comments = '';
  let depth = 0;
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < words.length; i++) {
    const c = words[i];
    if (c === '\\') i++;
    else if (c === '"' && depth === 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (c === '(' && depth++ === 0) start = i;
    else if (c === ')' && depth > 0 && --depth === 0) comments += words.slice(start, i + 1);
  }
  return comments;
}

/** Folds lines that have become too long, between entries. A line without an entry behind a comma cannot be folded, and stays. */
function foldedWhereTooLong(value: string, nameOctets: number): string {
  const lines = value.split('\n');
  const isTooLong = (line: string, index: number): boolean =>
    Buffer.byteLength(line) + (index === 0 ? nameOctets : 0) > maxLineOctets;
  if (!lines.some(isTooLong)) return value;
  const reader = new ListReader(value.replaceAll(folds, ''));
  reader.read();
  const placeOf = placesIn(value);
  let folded = '';
  let done = 0;
  let lineOctets = nameOctets;
  for (const at of [...reader.breaks.map((each) => placeOf(each - 1) + 1), value.length]) {
    const piece = value.slice(done, at);
    const lastEnd = piece.lastIndexOf('\n');
    const firstLine = lastEnd === -1 ? piece : piece.slice(0, piece.indexOf('\n'));
    if (done > 0 && lineOctets + Buffer.byteLength(firstLine) > maxLineOctets && firstLine.trim() !== '') {
      folded += /^[ \t]/.test(piece) ? '\r\n' : '\r\n ';
      lineOctets = 1;
    }
    folded += piece;
    lineOctets =
      lastEnd === -1 ? lineOctets + Buffer.byteLength(piece) : Buffer.byteLength(piece.slice(lastEnd + 1));
    done = at;
  }
  return folded;
}
