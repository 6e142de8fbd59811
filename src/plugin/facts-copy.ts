// Copies facts into plain data, which goes to the thread of a plugin as JSON, and makes facts of them again there. Pure. Promises: the thread
// sees what a stage of the process would see at that moment, and nothing of it can be changed from there.

import { EditableHeader } from '../message/editable-header.ts';
import type {
  BodyFacts,
  HeaderFacts,
  MailFacts,
  Point,
  RcptFacts,
  SessionFacts,
  StageResult,
  TransactionFacts,
} from '../policy/stage.ts';

/** Points that are about a message. */
const aboutMail: ReadonlySet<string> = new Set<Point>(['mail', 'rcpt', 'data', 'headers', 'content']);

type SessionCopy = Omit<SessionFacts, 'resultOf' | 'results'> & {
  readonly results?: Readonly<Record<string, StageResult>> | undefined;
};

/** Facts as they are sent. */
export interface FactsCopy extends SessionCopy {
  readonly transaction?: TransactionFacts;
  readonly recipient?: RcptFacts['recipient'];
  readonly strayLines?: string;
  readonly bodyBytes?: number;
}

/** @param facts - of this point */
export function copyFacts(point: Point, facts: SessionFacts): FactsCopy {
  const { listener, client, connection, tls, principal, user, mechanism, helo, extended, results, isTrial } =
    facts;
  const session = {
    listener,
    client,
    connection,
    tls,
    principal,
    user,
    mechanism,
    helo,
    extended,
    results,
    isTrial,
  };
  if (!aboutMail.has(point)) return session;
  const ofMail = { ...session, transaction: copyTransaction((facts as MailFacts).transaction) };
  switch (point) {
    case 'rcpt': {
      const { address, params } = (facts as RcptFacts).recipient;
      return { ...ofMail, recipient: { address, params } };
    }
    case 'headers':
      return { ...ofMail, strayLines: (facts as WithHeader).header.strayLines };
    case 'content': {
      const { header, body } = facts as WithHeader & { readonly body: BodyFacts };
      return { ...ofMail, strayLines: header.strayLines, bodyBytes: body.sizeBytes };
    }
    default:
      return ofMail;
  }
}

/** The fields of a header, for the way to a thread. */
export function headerBytes({ fields }: HeaderFacts): Uint8Array {
  const sizeBytes = fields.reduce((sum, { bytes }) => sum + bytes.length, 0);
  // Not from the pool of Buffer: all of what an array is a part of would be sent.
  const all = new Uint8Array(sizeBytes);
  let at = 0;
  for (const { bytes } of fields) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}

interface WithHeader extends MailFacts {
  readonly header: HeaderFacts;
}

/** Facts as a plugin sees them. */
export interface PluginFacts extends Omit<FactsCopy, 'strayLines' | 'bodyBytes' | 'results'> {
  readonly header?: HeaderFacts;
  readonly body?: BodyFacts;
  resultOf(stage: string): StageResult | undefined;
  readonly results: Readonly<Record<string, StageResult>> | undefined;
}

/**
 * Makes facts of a copy.
 * @param header - its bytes, from `headers` on
 * @param read - reads the body
 */
export function factsOf(
  { strayLines, bodyBytes, results, ...plain }: FactsCopy,
  header: Uint8Array | undefined,
  read: () => AsyncIterable<Uint8Array>,
): PluginFacts {
  return {
    ...plain,
    results,
    resultOf: (stage) =>
      results !== undefined && Object.hasOwn(results, stage) ? results[stage] : undefined,
    ...(header !== undefined && { header: headerOf(header, strayLines ?? '') }),
    ...(bodyBytes !== undefined && { body: { sizeBytes: bodyBytes, read } }),
  };
}

function headerOf(bytes: Uint8Array, strayLines: string): HeaderFacts {
  let fields: HeaderFacts['fields'] | undefined;
  return {
    // Taken apart when they are first looked at.
    get fields() {
      return (fields ??= new EditableHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
        .fields);
    },
    strayLines,
  };
}

function copyTransaction(transaction: TransactionFacts): TransactionFacts {
  const { queueId, reversePath, params, tenant, priority, forwarded, quarantine, recipients } = transaction;
  return { queueId, reversePath, params, tenant, priority, forwarded, quarantine, recipients };
}
