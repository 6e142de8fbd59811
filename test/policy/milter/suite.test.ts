// The cases of the suite of go-milter, whose authors run them against Postfix and Sendmail, with the receiver as the mail server;
// and with a scripted mail server, which shows that the scripted milters are right, and what a milter is to be told.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { noHints } from '../../../src/sasl/token-exchanges.ts';
import type { Client, Fixture } from '../../receive/fixture.ts';
import { directoryOf } from '../../sasl/secrets.ts';
import { greeted, receiverWith } from './milter-fixture.ts';
import { type MilterTalk, ScriptedMilter } from './scripted-milter.ts';
import { ScriptedMta } from './scripted-mta.ts';
import {
  checkOutcome,
  messagesOf,
  skip,
  suiteCases,
  type SuiteMessage,
  type SuiteOutcome,
} from './suite-case.ts';
import { suiteScript } from './suite-filters.ts';

type Said = Omit<SuiteOutcome, 'kept'>;

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

function keptIn(fixture: Fixture, before: number): SuiteOutcome['kept'] {
  return fixture.spool.kept.slice(before).map(({ envelope, content }) => ({
    from: envelope.reversePath,
    to: envelope.recipients.map(({ address }) => address),
    quarantine: envelope.quarantine,
    content: content.replace(/^Received: [^\r]*(?:\r\n[ \t][^\r]*)*/u, 'Received: placeholder'),
  }));
}

/** What a milter was told, without macros and the ends of connections. */
function told({ lines }: MilterTalk): string[] {
  return lines.filter((line) => !/^[ODQK]/u.test(line));
}

suite('the suite of go-milter', { skip }, () => {
  for (const [filter, file] of suiteCases()) {
    const messages = messagesOf(filter, file);

    test(`${filter}/${file}: a mail server of the tests gets what the case expects`, async (t) => {
      const milter = await ScriptedMilter.start(t, suiteScript(filter));
      const mta = await ScriptedMta.open(milter.port);
      for (const message of messages) checkOutcome(message, await mta.play(message));
      await mta.end();
    });

    test(`${filter}/${file}: so does Sluice, which tells the milter the same`, async (t) => {
      const milter = await ScriptedMilter.start(t, suiteScript(filter));
      const mechanisms = ['PLAIN'];
      const directory = directoryOf({ login: 'user1@example.com', password: 'pencil' });
      const auth = { directory, mechanisms, inClear: mechanisms, isRequired: false, hints: noHints };
      const fixture = await receiverWith(t, [milter], { tls: 'offered', auth });
      const client = await greeted(fixture);
      for (const message of messages) {
        const before = fixture.spool.kept.length;
        const said = await say(client, message);
        checkOutcome(message, { ...said, kept: keptIn(fixture, before) });
      }
      assert.deepEqual(fixture.troubles.list, []);
      client.socket.end();
      await milter.until(() => milter.talks[0]?.hasEnded === true);
      const mta = await ScriptedMta.open(milter.port);
      for (const message of messages) await mta.play(message);
      await mta.end();
      const [toSluice, toMta] = milter.talks;
      assert.deepEqual(told(toSluice!), told(toMta!));
    });
  }
});
