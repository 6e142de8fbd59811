// The path of a key as text, for messages.

import type { Path } from './toml.ts';

/** `receive.max_recipients`, `route[2].relay`: list items counted from 1, as people do. */
export function keyText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part + 1}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}
