// Signs by hand, so that signatures can be made that no signer makes. Its messages have one line for each field, without runs of blanks, so that
// they are in relaxed form already.

import { createHash, type KeyObject, sign } from 'node:crypto';

export type Field = readonly [name: string, value: string];

export interface HandMade {
  readonly fields: readonly Field[];
  /** It ends with CRLF. */
  readonly body: string;
  readonly key: KeyObject;
  /** Tags in order; those that are undefined are left out. `bh` is made when it is not given. */
  readonly tags: Readonly<Record<string, string | undefined>>;
  /** What is signed instead of the names in `h`. */
  readonly signedNames?: readonly string[];
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64');
}

/** Signs text in the way of the key's algorithm. */
export function signedText(text: string, key: KeyObject): string {
  const bytes = Buffer.from(text, 'latin1');
  if (key.asymmetricKeyType === 'ed25519')
    return sign(null, createHash('sha256').update(bytes).digest(), key).toString('base64');
  return sign('sha256', bytes, key).toString('base64');
}

export function shown(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/** The fields of these names from the bottom, each field once (RFC 6376 5.4.2). */
export function canonical(fields: readonly Field[], names: readonly string[]): string {
  const left = [...fields];
  return names
    .map((name) => {
      const at = left.findLastIndex(([own]) => own.toLowerCase() === name.toLowerCase());
      if (at === -1) return '';
      const [[own, value] = ['', '']] = left.splice(at, 1);
      return `${own.toLowerCase()}:${value}\r\n`;
    })
    .join('');
}

/** The message with its signature on top. */
export function handMade({ fields, body, key, tags, signedNames }: HandMade): string {
  const all: Record<string, string | undefined> = {
    v: '1',
    a: key.asymmetricKeyType === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256',
    c: 'relaxed/relaxed',
    bh: sha256(body),
    h: 'from:to:subject',
    ...tags,
  };
  const text = Object.entries(all)
    .filter(([name, value]) => name !== 'b' && value !== undefined)
    .map(([name, value]) => `${name}=${value}; `)
    .join('');
  const unsigned = `${text}b=`;
  const names = signedNames ?? (all['h'] ?? '').split(':').map((name) => name.trim());
  const signature = signedText(`${canonical(fields, names)}dkim-signature:${unsigned}`, key);
  return `DKIM-Signature: ${unsigned}${tags['b'] ?? signature}\r\n${shown(fields)}\r\n${body}`;
}
