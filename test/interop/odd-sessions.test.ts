// Unusual and broken sessions, by swaks and by hand: what Sluice answers, and that it delivers nothing that it must not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { MxMessage } from '../../sim/mx/mx.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { bodyOf, destination, send, type Destination } from './mail.ts';

suite('odd sessions', () => {
  let ground: Ground;
  let sluice: Sluice;
  let mx: Destination;

  before(async () => {
    ground = new Ground();
    mx = await destination(ground);
    sluice = await startSluice(ground, {
      config: {
        receive: {
          relay_networks: ['127.0.0.1/32'],
          relay_domains: ['ours.test'],
          max_message_size: '100KiB',
          max_recipients: 100,
          max_errors: 10,
          client_limits_exempt: [],
        },
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
  });
  after(() => ground.end());

  suite('swaks', { skip: !existsSync('/usr/bin/swaks') && 'swaks is not installed (Debian: swaks)' }, () => {
    /** Runs swaks and returns its transcript; `codes` are the expected exit codes. */
    const swaks = (codes: readonly number[], ...args: string[]): Promise<string> =>
      ground.run(
        'swaks',
        ['--server', '127.0.0.1', '--port', String(sluice.port), '--helo', 'client.test', ...args],
        {
          codes,
        },
      );
    const mail = ['--from', 'a@client.test', '--to', 'b@far.test'];

    test('delivers a message', async () => {
      const said = await swaks([0], ...mail, '--header', 'Message-ID: <plain@client.test>');
      assert.match(said, /<- {2}250 2\.0\.0 /u);
      await mx.tally.arrived(1);
    });

    test('pipelines the whole envelope', async () => {
      const said = await swaks(
        [0],
        '--pipeline',
        '--from',
        'a@client.test',
        '--to',
        'b@far.test,c@far.test,d@far.test',
      );
      assert.match(said, /250 2\.0\.0 /u);
    });

    test('gets 452 for each recipient above the limit', async () => {
      const to = Array.from({ length: 101 }, (_, i) => `user${i}@far.test`).join(',');
      const said = await swaks([0], '--from', 'a@client.test', '--to', to);
      assert.equal(said.match(/<\*\* 452 4\.5\.3 /gu)?.length, 1);
    });

    test('from a foreign network may send to our domains only', async () => {
      const elsewhere = ['--local-interface', '127.0.0.5', '--from', 'a@client.test'];
      assert.match(await swaks([24], ...elsewhere, '--to', 'b@far.test'), /<\*\* 5\d\d 5\.7\.1 /u);
      assert.match(await swaks([0], ...elsewhere, '--to', 'b@ours.test'), /250 2\.0\.0 /u);
      for (const trick of [
        'b%far.test@ours.test@far.test',
        '@ours.test:b@far.test',
        'b@far.test@ours.test.evil',
      ]) {
        assert.match(await swaks([24], ...elsewhere, '--to', trick), /<\*\* 5\d\d /u, trick);
      }
    });

    test('announces a size that is too large, and is refused before it sends', async () => {
      const said = await swaks([23], '--from', 'a@client.test> SIZE=200000 X=<', '--to', 'b@far.test').catch(
        String,
      );
      assert.match(said, /5\d\d 5\.\d\.\d /u);
    });

    test('is refused after it sends more than allowed without announcing it', async () => {
      const tooLarge = join(ground.directory, 'too-large');
      writeFileSync(tooLarge, `${'x'.repeat(70)}\n`.repeat(2_000));
      const said = await swaks([26], ...mail, '--body', `@${tooLarge}`);
      assert.match(said, /<\*\* 552 5\.3\.4 /u);
    });

    test('uses HELO', async () => {
      assert.match(await swaks([0], ...mail, '--protocol', 'SMTP'), /<- {2}250 queued as /u); // no enhanced codes after HELO
    });
  });

  suite('by hand', () => {
    const head = 'From: <a@client.test>\r\nMessage-ID: <odd@client.test>\r\n';

    /** Writes bytes unchanged and returns everything that was received until the connection ended. */
    const talk = async (...parts: (string | Buffer)[]): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port: sluice.port, noDelay: true });
      let said = '';
      socket.setEncoding('utf8').on('data', (text: string) => (said += text));
      socket.on('error', () => {}); // the end that some of these sessions ask for
      for (const part of parts) socket.write(part);
      await once(socket, 'close');
      return said;
    };
    const arrival = (id: string): Promise<MxMessage> =>
      until(`${id} arrives`, () => mx.messages.find(({ content }) => content.includes(`<${id}>`)));
    const envelope = 'EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@far.test>\r\n';
    const smuggled = 'MAIL FROM:<evil@client.test>\r\nRCPT TO:<victim@far.test>\r\nDATA\r\nsmuggled\r\n.\r\n';

    for (const ending of ['\n.\n', '\n.\r\n', '\r.\r', '\r\n.\n', '\r\n.\r', '\r.\r\n', '\r\n\0.\r\n']) {
      test(`${JSON.stringify(ending)} ends no message and begins no command`, async () => {
        const said = await talk(`${envelope}DATA\r\n`, `${head}\r\nfirst${ending}${smuggled}`, 'QUIT\r\n');
        // The whole text is one message, which is either refused for its bare line ends or accepted.
        assert.ok((said.match(/^250 2\.0\.0 /gmu)?.length ?? 0) <= 1, said);
        for (const message of mx.messages) assert.notEqual(message.sender, 'evil@client.test');
      });
    }

    test('an unknown command, a wrong order and a bad address are refused, and the session goes on', async () => {
      const said = await talk(
        'EHLO client.test\r\nFROBNICATE\r\nRCPT TO:<b@far.test>\r\nDATA\r\nMAIL FROM:<a@>\r\n',
        `MAIL FROM:<a@client.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\n`,
        `${head}\r\nstill here\r\n.\r\nQUIT\r\n`,
      );
      const codes = said.split('\r\n').flatMap((line) => /^(\d{3}) /u.exec(line)?.[1] ?? []);
      assert.deepEqual(codes, ['220', '250', '500', '503', '503', '501', '250', '250', '354', '250', '221']);
    });

    test('a line that is too long ends the session, and no later command is carried out', async () => {
      const said = await talk(
        'EHLO client.test\r\n',
        `NOOP ${'x'.repeat(100_000)}\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\n`,
      );
      assert.match(said, /\r\n500 5\.5\.2 [^\r\n]*closing the connection[^\r\n]*\r\n$/u);
    });

    test('too many errors end the session with 421', async () => {
      const said = await talk('EHLO client.test\r\n', 'FROBNICATE\r\n'.repeat(200));
      assert.match(said, /\r\n421 4\.7\.0 [^\r\n]*\r\n$/u);
    });

    test('BDAT brings a message in pieces, with bytes that DATA could not carry as they are', async () => {
      const chunks = ['Message-ID: <bdat@client.test>\r\n\r\n.\r\n', '..two\r\n', 'end\r\n'];
      const bdat = chunks
        .map((chunk, i) => `BDAT ${chunk.length}${i === 2 ? ' LAST' : ''}\r\n${chunk}`)
        .join('');
      const said = await talk(`${envelope}${bdat}QUIT\r\n`);
      assert.equal(said.match(/^250 /gmu)?.length, 6);
      assert.equal(bodyOf(await arrival('bdat@client.test')), '..\r\n...two\r\nend\r\n');
    });

    test('a client that sends before the greeting is either served or refused', async () => {
      const said = await talk(`${envelope}DATA\r\n${head}\r\nearly\r\n.\r\nQUIT\r\n`);
      assert.match(said, /^(220 |554 )/u);
      assert.match(said, /\r\n221 [^\r\n]*\r\n$|^554 /u);
    });

    test('a client that leaves in the middle of a message leaves nothing behind', async () => {
      const socket = connect({ host: '127.0.0.1', port: sluice.port });
      socket.on('error', () => {});
      socket.write(`${envelope}DATA\r\n${head}\r\nhalf a mess`);
      await once(socket, 'data');
      socket.destroy();
      const content = 'Message-ID: <whole@client.test>\r\n\r\nwhole\r\n';
      await send(sluice.port, { from: 'a@client.test', to: ['b@far.test'], content });
      await arrival('whole@client.test');
      assert.ok(mx.messages.every((message) => !message.content.includes('half a mess')));
    });
  });
});
