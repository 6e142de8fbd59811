// The cases of the suite of go-milter, whose authors run them against Postfix and Sendmail, with the receiver as the mail server.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { noHints } from '../../../src/sasl/token-exchanges.ts';
import type { Client, Fixture } from '../../receive/fixture.ts';
import { directoryOf } from '../../sasl/secrets.ts';
import { greeted, receiverWith } from './milter-fixture.ts';
import { ScriptedMilter } from './scripted-milter.ts';
import { readCase, type SuiteMessage } from './suite-case.ts';
import { suiteScript } from './suite-filters.ts';

const folder = new URL('../../../../shared/suites/milter/', import.meta.url);
const skip = existsSync(folder) ? false : 'the suite in ../shared/suites/milter is not there';
const cases =
  skip === false ? folders().flatMap((each) => files(each).map((file) => [each, file] as const)) : [];

function folders(): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? [each.name] : [],
  );
}

function files(of: string): string[] {
  return readdirSync(new URL(`${of}/`, folder)).filter((name) => name.endsWith('.testcase'));
}

/** Where a message was refused, and how; the last reply when it was not. */
interface Said {
  readonly step: 'FROM' | 'TO' | 'DATA' | '';
  readonly reply: string;
}

async function say(client: Client, message: SuiteMessage): Promise<Said> {
  const { starttls, auth, from, to, reset, header, body } = message;
  if (starttls) {
    await client.ask('STARTTLS\r\n');
    await client.secure();
    await client.ask('EHLO client.test\r\n');
  }
  if (auth !== undefined) {
    const token = Buffer.from(`\0${auth}\0pencil`).toString('base64');
    assert.match(await client.ask(`AUTH PLAIN ${token}\r\n`), /^235/);
  }
  const mail = (): Promise<string> => client.ask(`MAIL FROM:<${from}>\r\n`);
  const first = await mail();
  if (!first.startsWith('2')) return { step: 'FROM', reply: first };
  if (reset !== undefined) {
    for (const each of reset) await client.ask(`RCPT TO:<${each}>\r\n`);
    await client.ask('RSET\r\n');
    await mail();
  }
  let refused = '';
  let accepted = 0;
  for (const each of to) {
    const reply = await client.ask(`RCPT TO:<${each}>\r\n`);
    if (reply.startsWith('2')) accepted++;
    else refused = reply;
  }
  if (accepted === 0) {
    await client.ask('RSET\r\n');
    return { step: 'TO', reply: refused };
  }
  const data = await client.ask('DATA\r\n');
  if (!data.startsWith('3')) {
    await client.ask('RSET\r\n');
    return { step: 'DATA', reply: data };
  }
  return { step: '', reply: await client.ask(`${header}\r\n${body}.\r\n`) };
}

function check(
  { decision, at, expected }: SuiteMessage,
  { step, reply }: Said,
  fixture: Fixture,
  before: number,
): void {
  const kept = fixture.spool.kept.slice(before);
  if (decision === 'REJECT') assert.match(reply, /^5\d\d 5\./);
  else if (decision === 'TEMPFAIL') assert.match(reply, /^4\d\d 4\./);
  else if (decision === 'CUSTOM') assert.equal(reply, expected.reply.join('\r\n'));
  else assert.match(reply, /^250 /);
  if (at !== '' && at !== '*') assert.equal(step, at);
  if (decision === 'DISCARD-OR-QUARANTINE') {
    assert.ok(kept.every(({ envelope }) => envelope.quarantine !== undefined));
    return;
  }
  assert.equal(kept.length, decision === 'ACCEPT' ? 1 : 0);
  const [message] = kept;
  if (message === undefined) return;
  assert.equal(message.envelope.quarantine, undefined);
  const { from, to, header, body } = expected;
  if (from !== undefined) assert.equal(message.envelope.reversePath, from);
  if (to.length > 0)
    assert.deepEqual(
      message.envelope.recipients.map(({ address }) => address),
      to,
    );
  const end = message.content.indexOf('\r\n\r\n') + 2;
  const received = message.content
    .slice(0, end)
    .replace(/^Received: [^\r]*(?:\r\n[ \t][^\r]*)*/mu, 'Received: placeholder');
  if (header !== undefined) assert.equal(received, header);
  if (body !== undefined) assert.equal(message.content.slice(end + 2), body);
}

suite('the suite of go-milter', { skip }, () => {
  for (const [filter, file] of cases) {
    test(`${filter}/${file}`, async (t) => {
      const milter = await ScriptedMilter.start(t, suiteScript(filter));
      const mechanisms = ['PLAIN'];
      const directory = directoryOf({ login: 'user1@example.com', password: 'pencil' });
      const auth = { directory, mechanisms, inClear: mechanisms, isRequired: false, hints: noHints };
      const fixture = await receiverWith(t, [milter], { tls: 'offered', auth });
      const client = await greeted(fixture);
      for (const message of readCase(readFileSync(new URL(`${filter}/${file}`, folder), 'utf8'))) {
        const before = fixture.spool.kept.length;
        check(message, await say(client, message), fixture, before);
      }
      assert.deepEqual(fixture.troubles.list, []);
    });
  }
});
