// Reads the cases of the suite of go-milter: input steps, a decision, and what must leave, for each message of a connection.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface SuiteMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly header: string;
  readonly body: string;
  /** These recipients were named, and then RSET. */
  readonly reset: readonly string[] | undefined;
  readonly starttls: boolean;
  readonly auth: string | undefined;
  /** `ACCEPT`, `REJECT`, `TEMPFAIL`, `CUSTOM`, `DISCARD-OR-QUARANTINE`. */
  readonly decision: string;
  /** `FROM`, `*` for any, empty for the end. */
  readonly at: string;
  readonly expected: {
    readonly from: string | undefined;
    readonly to: readonly string[];
    readonly header: string | undefined;
    readonly body: string | undefined;
    /** Lines of the reply. */
    readonly reply: readonly string[];
  };
}

/** What became of a message. */
export interface SuiteOutcome {
  /** Where it was refused; empty: at its end, or not at all. */
  readonly step: 'FROM' | 'TO' | 'DATA' | '';
  /** That refused it, or the last one. */
  readonly reply: string;
  readonly kept: readonly {
    readonly from: string;
    readonly to: readonly string[];
    readonly quarantine: string | undefined;
    /** With `Received: placeholder` in the place of the server's own. */
    readonly content: string;
  }[];
}

/** @throws {Error} when it is not what the case expects */
export function checkOutcome(
  { decision, at, expected }: SuiteMessage,
  { step, reply, kept }: SuiteOutcome,
): void {
  if (decision === 'REJECT') assert.match(reply, /^5\d\d 5\./);
  else if (decision === 'TEMPFAIL') assert.match(reply, /^4\d\d 4\./);
  else if (decision === 'CUSTOM') assert.equal(reply, expected.reply.join('\r\n'));
  else assert.match(reply, /^250 /);
  if (at !== '' && at !== '*') assert.equal(step, at);
  if (decision === 'DISCARD-OR-QUARANTINE') {
    assert.ok(kept.every(({ quarantine }) => quarantine !== undefined));
    return;
  }
  assert.equal(kept.length, decision === 'ACCEPT' ? 1 : 0);
  const [message] = kept;
  if (message === undefined) return;
  assert.equal(message.quarantine, undefined);
  const { from, to, header, body } = expected;
  if (from !== undefined) assert.equal(message.from, from);
  if (to.length > 0) assert.deepEqual(message.to, to);
  const end = message.content.indexOf('\r\n\r\n') + 2;
  if (header !== undefined) assert.equal(message.content.slice(0, end), header);
  if (body !== undefined) assert.equal(message.content.slice(end + 2), body);
}

const folder = new URL('../../../../shared/suites/milter/', import.meta.url);

/** Why the suite is skipped; false: it is there. */
export const skip = existsSync(folder) ? false : 'the suite in ../shared/suites/milter is not there';

/** All cases: the folder, which names the filter, and the file. */
export function suiteCases(): (readonly [filter: string, file: string])[] {
  if (skip !== false) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(new URL(`${name}/`, folder))
        .filter((file) => file.endsWith('.testcase'))
        .map((file) => [name, file] as const),
    );
}

/** The messages of a case. */
export function messagesOf(filter: string, file: string): SuiteMessage[] {
  return readCase(readFileSync(new URL(`${filter}/${file}`, folder), 'utf8'));
}

const usual = {
  from: 'from@example.com',
  to: 'to@example.com',
  header: 'From: <from@example.com>\r\nTo: <to@example.com>\r\nSubject: test\r\n',
  body: 'body\r\n',
};

function readCase(text: string): SuiteMessage[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const messages: SuiteMessage[] = [];
  let at = 0;
  const block = (): string => {
    const end = lines.indexOf('.', at);
    const content = lines.slice(at, end).map((line) => `${line}\r\n`);
    at = end + 1;
    return content.join('');
  };
  const path = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';
  while (at < lines.length) {
    let { from, header, body } = usual;
    let to: string[] = [];
    let reset: string[] | undefined;
    let starttls = false;
    let auth: string | undefined;
    let decision = '';
    while (decision === '') {
      const line = lines[at++] ?? '';
      const [word = '', rest = ''] = line.split(' ');
      if (word === 'STARTTLS') starttls = true;
      else if (word === 'AUTH') auth = rest;
      else if (word === 'FROM') from = path(line);
      else if (word === 'TO') to.push(path(line));
      else if (word === 'HEADER') header = block();
      else if (word === 'BODY') body = block();
      else if (word === 'RESET') [reset, to] = [to, []];
      else if (word === 'DECISION') decision = rest;
      else throw new Error(`a case has the unknown line ${line}`);
    }
    const [kind = '', step = ''] = decision.split('@');
    const expected = {
      from: undefined as string | undefined,
      to: [] as string[],
      header: undefined as string | undefined,
      body: undefined as string | undefined,
      reply: [] as string[],
    };
    // What is expected of a message ends where the next one begins.
    while (at < lines.length) {
      const line = lines[at] ?? '';
      if (/^\d{3}[ -]/.test(line)) expected.reply.push(line);
      else if (line.startsWith('FROM ') && line.endsWith(' *')) expected.from = path(line);
      else if (line.startsWith('TO ') && line.endsWith(' *')) expected.to.push(path(line));
      else if (line !== 'HEADER' && line !== 'BODY') break;
      at++;
      if (line === 'HEADER') expected.header = block();
      if (line === 'BODY') expected.body = block();
    }
    const recipients = to.length === 0 ? [usual.to] : to;
    messages.push({
      from,
      to: recipients,
      header,
      body,
      reset,
      starttls,
      auth,
      decision: kind,
      at: step,
      expected,
    });
  }
  return messages;
}
