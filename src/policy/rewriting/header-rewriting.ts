// Rewrites the addresses in the fields of a header. Promises: what is not part of a changed address stays as it came, byte by byte; a field that
// cannot be read is left as it is; the work is bounded.

import { isUtf8 } from 'node:buffer';
import { AddressField } from '../../message/address-field.ts';
import type { Field, FieldReplacement } from '../../message/editable-header.ts';
import type { AddressClass } from '../../values/address-classes.ts';
import { lastLineEnd } from '../../values/line-ends.ts';
import { classOfField } from './address-fields.ts';
import type { Asking } from './asking.ts';
import type { MessageOfAddresses, Rewriter } from './rewriter.ts';
import { RewritingError } from './rewriting-error.ts';

/** The most addresses in the fields of a message that are rewritten, about as many as Postfix reads in a field. */
export const mostHeaderAddresses = 10_000;

const nonAscii = /[^\0-\x7f]/u;

/** A field that can be read. */
interface ReadField {
  readonly at: number;
  readonly of: AddressClass;
  readonly field: AddressField;
  readonly start: string;
  readonly end: string;
  readonly encoding: 'utf8' | 'latin1';
}

export interface MessageOfHeader extends MessageOfAddresses {
  /** Completes names without a domain, to look them up. */
  readonly hostname: string;
}

/** @returns the fields that change; `too-many` when there are more addresses than are rewritten */
export function* rewrittenFields(
  fields: readonly Field[],
  rewriter: Rewriter,
  message: MessageOfHeader,
): Asking<readonly FieldReplacement[] | 'too-many'> {
  const read: ReadField[] = [];
  let count = 0;
  for (const [at, each] of fields.entries()) {
    const of = classOfField(each.name);
    if (of === undefined || !rewriter.isFor(of, message.tenant)) continue;
    const found = readField(each, at, of, message.hostname);
    if (found === undefined) continue;
    read.push(found);
    count += found.field.addresses.length;
    if (count > mostHeaderAddresses) return 'too-many';
  }
  const known: Partial<Record<AddressClass, ReadonlyMap<string, string>>> = {};
  for (const each of ['header-sender', 'header-recipient'] as const) {
    const own = read.filter(({ of }) => of === each).flatMap(({ field }) => field.addresses);
    const addresses = [...new Set(own)];
    if (addresses.length === 0) continue;
    const rewritten = yield* rewriter.rewrite(addresses, each, message);
    known[each] = new Map(addresses.map((address, index) => [address, rewritten[index] ?? address]));
  }
  return read.flatMap((each) => replacementOf(each, known[each.of]));
}

/** A field in an unknown encoding is taken for Latin-1, so that each byte comes out again. */
function readField({ bytes }: Field, at: number, of: AddressClass, hostname: string): ReadField | undefined {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
  const valueStart = text.indexOf(':') + 1;
  const end = lastLineEnd(text);
  const field = AddressField.read(text.slice(valueStart, text.length - end.length), hostname);
  if (field === undefined) return undefined;
  // Bytes of an unknown encoding are characters that nobody has written.
  if (encoding === 'latin1' && field.addresses.some((address) => nonAscii.test(address))) return undefined;
  return { at, of, field, start: text.slice(0, valueStart), end: end === '' ? '\r\n' : end, encoding };
}

function replacementOf(
  { at, field, start, end, encoding }: ReadField,
  known: ReadonlyMap<string, string> | undefined,
): readonly FieldReplacement[] {
  const { addresses } = field;
  const changed = addresses.map((address) => known?.get(address) ?? address);
  if (changed.every((address, index) => address === addresses[index])) return [];
  // A new address that is not ASCII cannot stand beside bytes of another encoding.
  if (encoding === 'latin1' && changed.some((address) => nonAscii.test(address)))
    throw new RewritingError(`a new address is not ASCII, and a field of the message is not UTF-8: ${start}`);
  const value = field.withAddresses(changed, start.length);
  return [{ kind: 'replace-field', at, bytes: Buffer.from(start + value + end, encoding) }];
}
