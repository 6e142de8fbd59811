// The text form of a refusal, in which the journal and the scheduler keep it. Promises: a refusal is read back exactly as it was
// written, whatever bytes a server sent; no other text, and no form of a later version, is read as one. It is described in
// docs/spool-format.md.

import { peerOf, type Refusal, type RefusedBy, type RefusedStep } from './refusal.ts';

/** A refusal in its text form. Equal refusals have equal forms. */
export type EncodedRefusal = string & { readonly __brand: 'EncodedRefusal' };

/** The last refusal of a recipient; empty when it was not refused yet. */
export type LastRefusal = EncodedRefusal | '';

/** Start of version 1. No text for people begins in this way. */
const prefix = 'R1[';

/** All steps at which mail is refused. */
export const refusedSteps = [
  'connect',
  'idle',
  'EHLO',
  'HELO',
  'LHLO',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'content',
  'RSET',
  'QUIT',
  'routing',
  'storage',
  'queue',
] as const satisfies readonly RefusedStep[];

const steps: ReadonlySet<unknown> = new Set(refusedSteps);

const noPeer = { host: '', address: '', port: 0 };

/** Writes a refusal: JSON, so that control characters and lone surrogates are escaped, behind the version. */
export function encodeRefusal(refusal: Refusal): EncodedRefusal {
  const { by, during, code, enhanced, lines, permanent } = refusal;
  const { host, address, port } = peerOf(refusal) ?? noPeer;
  const fields = [by.kind, host, address, port, during, code, enhanced, permanent ? 1 : 0, ...lines];
  return `R1${JSON.stringify(fields)}` as EncodedRefusal;
}

/** Reads a refusal back; undefined when the text is not a form of this version. */
export function decodeRefusal(text: string): Refusal | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return undefined;
  const [kind, host, address, port, during, code, enhanced, permanent, ...lines] = fields;
  const by = refusedBy(kind, host, address, port);
  const isValid =
    by !== undefined &&
    isStep(during) &&
    typeof code === 'number' &&
    typeof enhanced === 'string' &&
    (permanent === 0 || permanent === 1) &&
    areStrings(lines);
  return isValid ? { by, during, code, enhanced, lines, permanent: permanent === 1 } : undefined;
}

/** Reads the form of a last refusal; undefined when there was none. */
export function lastRefusalOf(form: LastRefusal): Refusal | undefined {
  return form === '' ? undefined : decodeRefusal(form);
}

function fieldsOf(text: string): readonly unknown[] | undefined {
  if (!text.startsWith(prefix)) return undefined;
  try {
    const fields: unknown = JSON.parse(text.slice(prefix.length - 1));
    return Array.isArray(fields) ? fields : undefined;
  } catch {
    return undefined;
  }
}

function refusedBy(kind: unknown, host: unknown, address: unknown, port: unknown): RefusedBy | undefined {
  if (kind === 'local' || kind === 'damage') return { kind };
  if (kind !== 'connection' && kind !== 'remote') return undefined;
  if (typeof host !== 'string' || typeof address !== 'string' || typeof port !== 'number') return undefined;
  return { kind, host, address, port };
}

function isStep(value: unknown): value is RefusedStep {
  return steps.has(value);
}

function areStrings(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === 'string');
}
