// What the Content-Type of a part says about the lines that follow (RFC 2045 5.1): whether parts or a message with a header of its own come.

export type ContentKind =
  /** @property boundary - of its parts. @property isDigest - its parts are messages, unless they say otherwise (RFC 2046 5.1.5) */
  | { readonly kind: 'multipart'; readonly boundary: string; readonly isDigest: boolean }
  | { readonly kind: 'message' }
  /** Programs may read it differently. @property isMessage - for some of them a message. @property isDigest - for some of them a digest */
  | { readonly kind: 'unclear'; readonly isMessage: boolean; readonly isDigest: boolean }
  | { readonly kind: 'other' };

export const otherContent: ContentKind = { kind: 'other' };

/** More of a boundary is not compared: RFC 2046 5.1.1 allows 70 characters. */
const longestBoundary = 2048;
/** Of a value, so many are read. */
const mostTokens = 1000;

/** @param value - of the field, with its folds; of any length */
export function contentKindOf(value: string): ContentKind {
  const tokens = tokensOf(value);
  const type = tokens[0]?.toLowerCase();
  const subtype = tokens[2]?.toLowerCase();
  if (tokens[1] !== '/' || subtype === undefined) return otherContent;
  if (type === 'message')
    return subtype === 'rfc822' || subtype === 'global' ? { kind: 'message' } : otherContent;
  if (type !== 'multipart') return otherContent;
  const isDigest = subtype === 'digest';
  const unclear: ContentKind = { kind: 'unclear', isMessage: false, isDigest };
  let kind = otherContent;
  for (let at = 3; at < tokens.length; at++) {
    const name = tokens[at]?.toLowerCase() ?? '';
    // Also "boundary*" and "boundary*0" (RFC 2231), which some programs understand.
    if (!name.startsWith('boundary') || tokens[at + 1] !== '=') continue;
    const boundary = tokens[at + 2];
    if (name !== 'boundary' || tokens[at - 1] !== ';' || boundary === undefined) return unclear;
    const next: ContentKind = { kind: 'multipart', boundary: boundary.slice(0, longestBoundary), isDigest };
    if (kind !== otherContent && !isSame(kind, next)) return unclear;
    kind = next;
  }
  // Parts without a boundary cannot be found.
  return tokens.length < mostTokens ? kind : unclear;
}

/** What two fields say that stand in the same header: which of them counts, programs do not agree on. */
export function eitherKind(one: ContentKind, other: ContentKind): ContentKind {
  if (isSame(one, other)) return one;
  return {
    kind: 'unclear',
    isMessage: mayBeMessage(one) || mayBeMessage(other),
    isDigest: mayBeDigest(one) || mayBeDigest(other),
  };
}

function isSame(one: ContentKind, other: ContentKind): boolean {
  if (one.kind === 'multipart' && other.kind === 'multipart')
    return one.boundary === other.boundary && one.isDigest === other.isDigest;
  return one.kind === other.kind && one.kind !== 'unclear';
}

function mayBeMessage(kind: ContentKind): boolean {
  return kind.kind === 'message' || (kind.kind === 'unclear' && kind.isMessage);
}

function mayBeDigest(kind: ContentKind): boolean {
  return (kind.kind === 'multipart' || kind.kind === 'unclear') && kind.isDigest;
}

/** Tokens, quoted texts without their quotes, and single specials; comments are left out. */
function tokensOf(value: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < value.length && tokens.length < mostTokens;) {
    const character = value.charAt(at);
    if (/\s/u.test(character)) at++;
    else if (character === '(') at = commentEnd(value, at);
    else if (character === '"') {
      const { text, end } = quotedText(value, at + 1);
      tokens.push(text);
      at = end;
    } else if (/[;=/,<>@:\\?[\])]/u.test(character)) {
      tokens.push(character);
      at++;
    } else {
      let end = at + 1;
      while (end < value.length && !/[\s;=/,<>@:\\?[\]()"]/u.test(value.charAt(end))) end++;
      tokens.push(value.slice(at, end));
      at = end;
    }
  }
  return tokens;
}

function quotedText(value: string, from: number): { readonly text: string; readonly end: number } {
  let text = '';
  let at = from;
  for (; at < value.length && value[at] !== '"'; at++) {
    if (value[at] === '\\' && at + 1 < value.length) at++;
    const character = value.charAt(at);
    if (character !== '\r' && character !== '\n') text += character;
  }
  return { text, end: at + 1 };
}

function commentEnd(value: string, from: number): number {
  let depth = 0;
  for (let at = from; at < value.length; at++) {
    const character = value[at];
    if (character === '\\') at++;
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return at + 1;
  }
  return value.length;
}
