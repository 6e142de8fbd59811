// Copies what a plugin answered into plain data, in its thread, and takes it apart in the process. Pure. What a plugin answers may be anything:
// it is bounded here, and checked as that of any stage by whoever asked.

/** The most characters of an answer as JSON, without a new body. */
export const mostAnswerChars = 1024 * 1024;

/** An answer as it is sent. */
export type AnswerCopy =
  | { readonly kind: 'goOn' }
  | { readonly kind: 'value'; readonly json: string; readonly bodies: readonly Uint8Array[] };

/** @throws {Error} with a clause, when it cannot be copied */
export function copyAnswer(answer: unknown): AnswerCopy {
  const bodies: Uint8Array[] = [];
  let plain = answer;
  if (typeof answer === 'object' && answer !== null) {
    if (isGoOn(answer)) return { kind: 'goOn' };
    const { edits } = answer as { readonly edits?: unknown };
    if (Array.isArray(edits)) {
      plain = { ...answer, edits: edits.map((edit: unknown) => withoutBody(edit, bodies)) };
    }
  }
  const json = JSON.stringify(plain, asData) ?? 'null';
  if (json.length > mostAnswerChars) throw new Error(`it answered ${json.length} characters of text`);
  return { kind: 'value', json, bodies };
}

/** JSON would leave these out, and a verdict whose edits are a function would have none. */
function asData(name: string, value: unknown): unknown {
  if (typeof value !== 'function' && typeof value !== 'symbol') return value;
  const what = `a ${typeof value}`;
  throw new Error(name === '' ? `it is ${what}` : `"${name}" is ${what}`);
}

/** Puts new bodies where they were. @param value - an answer, from JSON */
export function withBodies(value: unknown, bodies: readonly Uint8Array[]): unknown {
  const { edits } = (value ?? {}) as { readonly edits?: unknown };
  if (bodies.length === 0 || !Array.isArray(edits)) return value;
  const left = [...bodies];
  const whole = edits.map((edit: unknown) =>
    isOfBody(edit) && !Object.hasOwn(edit, 'body') ? Object.assign({}, edit, { body: left.shift() }) : edit,
  );
  return { ...(value as object), edits: whole };
}

function isGoOn(answer: object): boolean {
  return (answer as { readonly kind?: unknown }).kind === 'continue' && Object.keys(answer).length === 1;
}

function isOfBody(edit: unknown): edit is { readonly kind: 'replace-body'; readonly body: unknown } {
  return (
    typeof edit === 'object' && edit !== null && (edit as { readonly kind?: unknown }).kind === 'replace-body'
  );
}

function withoutBody(edit: unknown, bodies: Uint8Array[]): unknown {
  if (!isOfBody(edit)) return edit;
  const { body } = edit;
  // What is no body stays what it is, and the check says so.
  if (!(body instanceof Uint8Array)) return { ...edit, body: null };
  bodies.push(new Uint8Array(body));
  return { kind: 'replace-body' };
}
