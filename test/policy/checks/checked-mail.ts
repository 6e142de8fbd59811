// A message that a stage of content checks is asked about, and what becomes of it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EditableHeader } from '../../../src/message/editable-header.ts';
import { CheckTables } from '../../../src/policy/checks/check-tables.ts';
import { ContentChecksStage } from '../../../src/policy/checks/content-checks-stage.ts';
import type { ContentCheckLimits } from '../../../src/policy/checks/types.ts';
import { verdictFault } from '../../../src/policy/check-verdict.ts';
import type { ContentFacts, Edit, NewBody, Verdict } from '../../../src/policy/stage.ts';
import { type CheckFileType, parseCheckFileName } from '../../../src/values/check-file-name.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

export interface Tables {
  readonly header?: string;
  readonly mime?: string;
  readonly nested?: string;
  readonly body?: string;
  readonly type?: CheckFileType;
  readonly limits?: Partial<ContentCheckLimits>;
}

export interface Outcome {
  /** `550 5.7.1 text`, `discard: reason`, `quarantine: reason` or `continue`. */
  readonly verdict: string;
  /** The message after it, with LF; that of before where it is refused. */
  readonly message: string;
  readonly recipients: readonly string[];
  readonly route: string | undefined;
  /** `action place: text`, or `action: number more`. */
  readonly logged: readonly string[];
}

const received = Buffer.from('Received: by us\r\n');

export function checks(t: TestContext, tables: Tables) {
  const { path: folder } = temporaryFolder(t, 'checks');
  const { type = 'pcre' } = tables;
  const file = (name: 'header' | 'mime' | 'nested' | 'body'): string => join(folder, name);
  const write = (name: 'header' | 'mime' | 'nested' | 'body', text: string): void =>
    writeFileSync(file(name), text);
  const place = (name: 'header' | 'mime' | 'nested' | 'body') => {
    const text = tables[name];
    if (text === undefined) return [];
    write(name, text);
    return [parseCheckFileName(`${type}:${file(name)}`)];
  };
  const routes = new Set(['filter']);
  const logged: string[] = [];
  const stage = new ContentChecksStage({
    name: 'checks',
    timeLimitMs: 1000,
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    tables: new CheckTables(
      { header: place('header'), mime: place('mime'), nested: place('nested'), body: place('body') },
      routes,
    ),
    routes,
    limits: { fieldBytes: 102_400, partBytes: 51_200, allBytes: 1_048_576, loggedLines: 3, ...tables.limits },
    events: {
      happened: (_event, fields) => {
        const { action, place: where, text, more } = fields as unknown as Record<string, string>;
        logged.push(more === undefined ? `${action} ${where}: ${text}` : `${action}: ${more} more`);
      },
    },
  });
  const ask = async (message: string, pieceBytes = 1000): Promise<Outcome> => {
    logged.length = 0;
    const bytes = Buffer.from(message.replaceAll(/\r?\n/gu, '\r\n'));
    const end = bytes.indexOf('\r\n\r\n') + 4;
    const header = new EditableHeader(bytes.subarray(0, end));
    let body: Buffer = bytes.subarray(end);
    let recipients = ['joe@c.example'];
    let route: string | undefined;
    const apply = (edit: Edit): void => {
      if (edit.kind === 'replace-field') header.replace(edit);
      else if (edit.kind === 'add-recipient') recipients.push(edit.recipient.address);
      else if (edit.kind === 'remove-recipient')
        recipients = recipients.filter((each) => each !== edit.address);
      else if (edit.kind === 'set-route') ({ route } = edit);
      else if (edit.kind === 'replace-body') body = (edit.body as unknown as { bytes: Buffer }).bytes;
      else header.edit(edit as Parameters<EditableHeader['edit']>[0]);
    };
    const facts = {
      client: { address: '192.0.2.1' },
      helo: 'c.example',
      isTrial: false,
      transaction: {
        queueId: 'Q',
        reversePath: 'a@b.example',
        recipients: recipients.map((address) => ({ address })),
      },
      header,
      body: {
        get sizeBytes() {
          return body.length;
        },
        *read() {
          for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
        },
      },
      newBody: (): NewBody => {
        const written = { bytes: Buffer.alloc(0) };
        return Object.assign(written, {
          sizeBytes: 0,
          write: (piece: Uint8Array) => void (written.bytes = Buffer.concat([written.bytes, piece])),
          discard: () => undefined,
        });
      },
    } as unknown as ContentFacts;
    let verdict: Verdict = { kind: 'continue' };
    for (const point of ['headers', 'content'] as const) {
      if (!stage.asksAt(point)) continue;
      const answer = await stage[point](facts);
      const fault = verdictFault(answer, point, routes);
      if (fault !== undefined) throw new Error(fault);
      if ('edits' in answer) for (const edit of answer.edits ?? []) apply(edit);
      if (answer.kind !== 'continue') verdict = answer;
      if (answer.kind !== 'continue' && answer.kind !== 'quarantine') break;
    }
    return {
      verdict: told(verdict),
      message: Buffer.concat([header.bytes(received, true), body])
        .toString()
        .replace('Received: by us\r\n', '')
        .replaceAll('\r\n', '\n'),
      recipients,
      route,
      logged: [...logged],
    };
  };
  return { stage, ask, write };
}

function told(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'reject':
    case 'tempfail': {
      const { code, enhanced, text } = verdict.reply;
      return `${code} ${enhanced} ${String(text)}`;
    }
    case 'discard':
    case 'quarantine':
      return `${verdict.kind}: ${verdict.reason}`;
    default:
      return verdict.kind;
  }
}
