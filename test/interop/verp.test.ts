// Senders of their own for recipients (VERP), as a mailing list program asks for them: each recipient gets a message from a sender that
// names it, and a report about one comes to that sender.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { refuses } from '../../sim/mx/personality.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content = 'Subject: news\r\nMessage-ID: <1@list.test>\r\n\r\nHello\r\n';
const to = ['anna@far.test', 'no@far.test', 'zoe@far.test'];

suite('a sender for each recipient', () => {
  async function relayed(
    t: Parameters<typeof Ground.of>[0],
    config: object,
    mailParameters: string,
    port?: number,
  ) {
    const ground = Ground.of(t);
    const far = await destination(ground, { personality: refuses(/^no/u, '550 5.1.1 No such user') });
    const home = await destination(ground);
    const sluice = await startSluice(ground, {
      ...(port !== undefined && { port }),
      config: {
        processes: { single_process: true },
        route: [
          { name: 'far', domain: ['far.test'], relay: [`127.0.0.1:${far.port}`] },
          { name: 'home', domain: ['home.test'], relay: [`127.0.0.1:${home.port}`] },
        ],
        ...config,
      },
    });
    const replies = await send(sluice.port, { from: 'list@home.test', to, content, mailParameters });
    return { far, home, sluice, replies };
  }

  test('by [bounce]: three transactions, and the report goes to the sender of the one that failed', async (t) => {
    const { far, home } = await relayed(t, { bounce: { verp: true } }, '');
    await until(
      'the mail and the report are there',
      () => far.messages.length === 2 && home.messages.length === 1,
    );
    assert.deepEqual(far.messages.map(({ sender, recipients }) => [sender, recipients]).sort(), [
      ['list+anna=far.test@home.test', ['anna@far.test']],
      ['list+zoe=far.test@home.test', ['zoe@far.test']],
    ]);
    // The report has no sender, and so nothing in it changes.
    assert.deepEqual(
      [home.messages[0]!.sender, home.messages[0]!.recipients],
      ['', ['list+no=far.test@home.test']],
    );
    assert.match(home.messages[0]!.content.toString(), /^Final-Recipient: rfc822; no@far\.test\r$/mu);
  });

  test('by XVERP, from a client that may ask for it', async (t) => {
    const port = await freePort();
    const { far, home } = await relayed(
      t,
      { listen: [{ address: `127.0.0.1:${port}`, xverp: ['127.0.0.0/8'] }] },
      ' XVERP=-=',
      port,
    );
    await until(
      'the mail and the report are there',
      () => far.messages.length === 2 && home.messages.length === 1,
    );
    assert.deepEqual(far.messages.map(({ sender }) => sender).sort(), [
      'list-anna=far.test@home.test',
      'list-zoe=far.test@home.test',
    ]);
    assert.deepEqual(home.messages[0]!.recipients, ['list-no=far.test@home.test']);
  });

  test('any other client that asks is refused', async (t) => {
    const { replies } = await relayed(t, {}, ' XVERP');
    assert.match(replies[0]!, /^555 5\.5\.4 /u);
  });

  test('by sendmail -XV, as Postfix has it', async (t) => {
    const { far, sluice } = await relayed(t, {}, '');
    await until('the first mail is there', () => far.messages.length === 1);
    await sluice.cli('sendmail', '-XV=+', '-f', 'list@home.test', 'anna@far.test', 'zoe@far.test');
    await until('both are there', () => far.messages.length === 3);
    assert.deepEqual(
      far.messages
        .slice(1)
        .map(({ sender }) => sender)
        .sort(),
      ['list=anna+far.test@home.test', 'list=zoe+far.test@home.test'],
    );
  });

  test('without it, recipients share a transaction and the sender stays', async (t) => {
    const { far, home } = await relayed(t, {}, '');
    await until(
      'the mail and the report are there',
      () => far.messages.length === 1 && home.messages.length === 1,
    );
    assert.deepEqual(
      [far.messages[0]!.sender, far.messages[0]!.recipients, home.messages[0]!.recipients],
      ['list@home.test', ['anna@far.test', 'zoe@far.test'], ['list@home.test']],
    );
  });
});
