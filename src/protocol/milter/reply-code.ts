// The reply that a milter wants a client to get: a code, perhaps an enhanced one, and lines of text. Promises: what comes out can be
// sent as it is; anything else is refused as a whole.

export interface MilterReply {
  /** 4xx or 5xx. */
  readonly code: number;
  /** RFC 3463; undefined when the milter gave none. */
  readonly enhanced: string | undefined;
  /** At least one. */
  readonly lines: readonly string[];
}

const maxLines = 100;
const line = /^([45]\d\d)(?:([ -])(.*))?$/;
const enhancedCode = /^([245]\.\d{1,3}\.\d{1,3})(?: (.*))?$/;

/** @returns undefined when it is no reply of 4xx or 5xx */
export function readReplyCode(text: string): MilterReply | undefined {
  const all = text.replace(/(?<!\n)(?:\r?\n)+$/u, '').split(/\r?\n/u);
  if (all.length > maxLines) return undefined;
  let code = '';
  let enhanced: string | undefined;
  const lines: string[] = [];
  for (const [index, each] of all.entries()) {
    const [, ownCode = '', mark = ' ', ownText = ''] = line.exec(each) ?? [];
    if (ownCode === '' || (index > 0 && ownCode !== code)) return undefined;
    if ((mark === '-') !== index < all.length - 1) return undefined;
    if (/[\0-\x08\x0a-\x1f\x7f]/u.test(ownText)) return undefined;
    const [, ownEnhanced, rest = ''] = enhancedCode.exec(ownText) ?? [];
    if (index === 0) {
      code = ownCode;
      enhanced = ownEnhanced;
      if (enhanced !== undefined && enhanced[0] !== code[0]) return undefined;
    }
    // RFC 2034 4: each line has the enhanced code. It is taken off here, and put on again when the reply is sent.
    const isSame = ownEnhanced !== undefined && ownEnhanced === enhanced;
    lines.push((isSame ? rest : ownText).replaceAll('%%', '%'));
  }
  return { code: Number(code), enhanced, lines };
}
