// The same milter asked by Postfix and by Sluice, about the same session: both tell it the same, but for differences with known reasons.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { Session } from '../../sim/mx/submitter.ts';
import { goOnPacket, type MilterTalk, packet, ScriptedMilter } from '../policy/milter/scripted-milter.ts';

const content =
  'Message-ID: <one@example.com>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: <a@example.com>\r\nX-Folded:  one\r\n\ttwo\r\nX-Tab:\tthree\r\nX-None:four\r\nSubject: x\r\n\r\nHello\r\n..dot\r\n';

/** What a client says, with what follows each DATA. */
const said = [
  'MAIL FROM:<a@example.com> SIZE=200',
  'RSET',
  'MAIL FROM:<a@example.com>',
  'RCPT TO:<refused@far.test>',
  'RCPT TO:<b@far.test>',
  'RCPT TO:<c@far.test>',
  'DATA',
  'MAIL FROM:<>',
  'RCPT TO:<b@far.test>',
  'EHLO other.test',
  'MAIL FROM:<z@example.com>',
  'RCPT TO:<b@far.test>',
  'DATA',
];

async function talk(port: number): Promise<string[]> {
  const session = await Session.open('127.0.0.1', port, true);
  const codes: string[] = [];
  for (const line of said) {
    session.write(`${line}\r\n`);
    const reply = await session.reply();
    codes.push(reply.slice(0, 3));
    if (!reply.startsWith('354')) continue;
    session.write(`${content}.\r\n`);
    codes.push((await session.reply()).slice(0, 3));
  }
  await session.quit();
  return codes;
}

function milter(t: Parameters<typeof ScriptedMilter.start>[0]): Promise<ScriptedMilter> {
  return ScriptedMilter.start(t, {
    answer: ({ letter, texts }) => {
      if (letter === 'R' && texts[0] === '<refused@far.test>') return [packet('r')];
      return [goOnPacket];
    },
  });
}

/** The connection of the client: whoever starts a server looks whether it listens. */
function spoken({ talks }: ScriptedMilter): MilterTalk | undefined {
  return talks.find(({ heard: all }) => all.some(({ letter }) => letter === 'H'));
}

/** What a milter has heard, without what differs from one server to the other. */
function heard(milterOf: ScriptedMilter, hostname: string): string[] {
  return (spoken(milterOf)?.lines ?? []).map((line) =>
    line
      .replaceAll(hostname, 'HOST')
      .replace(/ v (?:Postfix|Sluice) [\d.]+/, ' v PROGRAM')
      .replace(/ i [0-9A-Za-z]+/, ' i ID'),
  );
}

/** What is left without that which one tells alone or otherwise, and why. */
function common(lines: readonly string[]): string[] {
  return lines
    .filter(
      (line) =>
        // Postfix repeats the id before each field and chunk, and sends no macros as an empty packet.
        !/^D [LB] |^D H$/.test(line) &&
        // Postfix aborts also what has ended, some twice, and after the HELO that ends a transaction.
        line !== 'A',
    )
    .map((line) =>
      line
        // Sluice has an id from MAIL on, Postfix from the first recipient that was accepted.
        .replace(/^D ([MR])(?: i ID)?/, 'D $1')
        // Postfix has chosen a route already.
        .replaceAll(/ \{(?:mail|rcpt)_(?:host|mailer)\} [^ ]+/g, '')
        .trimEnd(),
    );
}

suite('a milter', { skip: withoutPostfix() }, () => {
  test('hears the same from Sluice as from Postfix', async (t) => {
    const ground = Ground.of(t);
    const [ofPostfix, ofSluice] = [await milter(t), await milter(t)];
    const address = ({ address: at }: ScriptedMilter): string => {
      assert.ok(at.kind === 'tcp');
      return `inet:${at.host}:${at.port}`;
    };
    const postfix = await startPostfix(ground, 'postfix', {
      main: {
        smtpd_milters: address(ofPostfix),
        default_transport: 'discard:',
        smtpd_recipient_restrictions: 'permit_mynetworks,reject',
        smtpd_peername_lookup: 'yes',
      },
    });
    const sluice = await startSluice(ground, {
      config: {
        stage: [{ name: 'milter', kind: 'milter', address: address(ofSluice) }],
        route: [{ discard: true }],
      },
    });
    const codes = await talk(postfix.port);
    assert.deepEqual(await talk(sluice.port), codes);
    for (const each of [ofPostfix, ofSluice])
      await until('the milter has heard all', () => spoken(each)?.hasEnded === true);
    const [theirs, ours] = [heard(ofPostfix, 'postfix.test'), heard(ofSluice, 'sluice.test')];
    assert.deepEqual(common(ours), common(theirs));
    // What one has begun is aborted by both.
    for (const lines of [ours, theirs])
      assert.equal(lines[lines.indexOf('M <a@example.com> SIZE=200') + 1], 'A');
  });
});
