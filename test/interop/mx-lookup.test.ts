// Where mail goes by DNS, with a real server (nsd): RFC 5321 5.1 with its loops, RFC 7505.

import assert from 'node:assert/strict';
import { before, after, suite, test } from 'node:test';
import { Ground, freePort, until } from '../../sim/neighbours/ground.ts';
import { startNsd, withoutNsd, type Nsd } from '../../sim/neighbours/nsd.ts';
import { startSluice, type Sluice, type SluiceEvent } from '../../sim/neighbours/sluice.ts';
import type { QueueRow } from '../../src/control/queue-row.ts';
import { destination, send, type Destination } from './mail.ts';

const zones = {
  'one.test': '@ MX 10 mx\nmx A 127.2.0.1\n',
  'later.test': '@ MX 10 mx\nmx A 127.2.0.1\n',
  'equal.test': '@ MX 10 a\n@ MX 10 b\na A 127.2.0.1\nb A 127.2.0.2\n',
  'ordered.test': '@ MX 20 b\n@ MX 10 a\na A 127.2.0.1\nb A 127.2.0.2\n',
  'implicit.test': '@ A 127.2.0.2\n',
  'null.test': '@ MX 0 .\n@ A 127.2.0.1\n',
  'alias.test': '@ MX 10 mx\nmx CNAME real\nreal A 127.2.0.2\nwww CNAME elsewhere\nelsewhere MX 10 real\n',
  'dead.test': '@ MX 10 dead\n@ MX 20 alive\ndead A 127.2.0.9\nalive A 127.2.0.1\n',
  'several.test': '@ MX 10 mx\nmx A 127.2.0.9\nmx A 127.2.0.2\n',
  'six.test': '@ MX 10 mx\nmx AAAA ::1\n',
  'both.test': '@ MX 10 mx\nmx AAAA ::1\nmx A 127.2.0.9\n',
  'loop.test': '@ MX 10 sluice.test.\n@ MX 20 b\nb A 127.2.0.2\n',
  'sluice.test': '@ A 127.0.0.1\n',
  'backup.test': '@ MX 10 a\n@ MX 20 sluice.test.\n@ MX 30 b\na A 127.2.0.1\nb A 127.2.0.2\n',
  'nowhere.test': '@ MX 10 missing\n',
  'empty.test': '@ TXT "nothing here takes mail"\n',
  'many.test': `${Array.from({ length: 30 }, (_, i) => `@ MX ${i + 10} host${i}-${'x'.repeat(40)}\nhost${i}-${'x'.repeat(40)} A 127.2.0.1\n`).join('')}`,
};

suite('MX by DNS', { skip: withoutNsd() }, () => {
  let ground: Ground;
  let nsd: Nsd;
  let sluice: Sluice;
  let first: Destination;
  let second: Destination;
  let sixth: Destination;
  let outcomes: (to: string) => Promise<SluiceEvent>;

  before(async () => {
    ground = new Ground();
    const port = await freePort();
    nsd = await startNsd(ground, zones);
    first = await destination(ground, { address: '127.2.0.1', port });
    second = await destination(ground, { address: '127.2.0.2', port });
    sixth = await destination(ground, { address: '::1', port });
    sluice = await startSluice(ground, {
      config: {
        dns: { servers: [`127.0.0.1:${nsd.port}`] },
        deliver: { port },
        queue: { retry: ['1h'] },
        route: [{ domain: ['client.test'], relay: [`127.2.0.2:${port}`] }],
      },
    });
    outcomes = (to) =>
      until(`an outcome for ${to}`, () =>
        sluice
          .events()
          .find((one) => one['to'] === to && ['delivered', 'bounced', 'deferred'].includes(one.event ?? '')),
      );
  });
  after(() => ground.end());

  let id = 0;
  const deliver = async (domain: string): Promise<SluiceEvent> => {
    const to = `user${id++}@${domain}`;
    const content = `Message-ID: <${id}@client.test>\r\n\r\nHello\r\n`;
    const replies = await send(sluice.port, { from: 'a@client.test', to: [to], content });
    assert.match(replies.at(-1)!, /^250/u);
    return outcomes(to);
  };
  const arrivesAt = (domain: string, remote: string): Promise<void> =>
    test(`${domain} is served by ${remote}`, async () => {
      const outcome = await deliver(domain);
      assert.equal(outcome.event, 'delivered', JSON.stringify(outcome));
      assert.equal(outcome['remote'], remote);
    });
  const fails = (domain: string, event: 'bounced' | 'deferred', reply: RegExp): Promise<void> =>
    test(`${domain} is ${event}`, async () => {
      const outcome = await deliver(domain);
      assert.equal(outcome.event, event, JSON.stringify(outcome));
      assert.match(String(outcome['reply']), reply);
    });

  arrivesAt('one.test', '127.2.0.1');
  arrivesAt('ordered.test', '127.2.0.1'); // the lowest preference first
  arrivesAt('implicit.test', '127.2.0.2'); // no MX: the domain's own address, RFC 5321 5.1
  arrivesAt('alias.test', '127.2.0.2'); // an MX that is an alias is followed all the same
  arrivesAt('www.alias.test', '127.2.0.2'); // a domain that is an alias, RFC 5321 5.1
  arrivesAt('dead.test', '127.2.0.1'); // the next MX when nothing answers at the first
  arrivesAt('several.test', '127.2.0.2'); // the next address of the same MX
  arrivesAt('six.test', '::1');
  arrivesAt('both.test', '::1');
  arrivesAt('many.test', '127.2.0.1'); // an answer too long for one datagram
  arrivesAt('backup.test', '127.2.0.1'); // better preferences than our own are used

  fails('null.test', 'bounced', /5\.1\.10/u); // RFC 7505 4.2
  fails('missing.one.test', 'bounced', /5\.1\.2/u); // NXDOMAIN
  fails('empty.test', 'bounced', /5\.\d\.\d/u); // neither MX nor address
  fails('loop.test', 'bounced', /5\.4\.6/u); // we are the best MX: RFC 5321 5.1
  fails('nowhere.test', 'bounced', /5\.4\.4/u); // MX records, none of them usable: an error, not the domain's own address

  test('equal preferences share the mail', async () => {
    const remotes = new Set<unknown>();
    // One message at a time would reuse the last connection, so many are sent at once.
    for (let i = 0; i < 30 && remotes.size < 2; i++) {
      const to = Array.from({ length: 20 }, (_, k) => `equal${i}.${k}@equal.test`);
      await Promise.all(
        to.map((one) =>
          send(sluice.port, {
            from: 'a@client.test',
            to: [one],
            content: `Message-ID: <${one}>\r\n\r\nHello\r\n`,
          }),
        ),
      );
      for (const one of to) remotes.add((await outcomes(one))['remote']);
    }
    assert.deepEqual([...remotes].toSorted(), ['127.2.0.1', '127.2.0.2']);
  });

  test('while no name server answers, mail waits without an attempt, and is delivered when one answers again', async () => {
    await nsd.kill();
    const to = 'user@later.test';
    await send(sluice.port, {
      from: 'a@client.test',
      to: [to],
      content: 'Message-ID: <later@test>\r\n\r\nHello\r\n',
    });
    await sluice.logged(({ code }) => code === 'DNS_SILENT');
    const row = JSON.parse(await sluice.cli('queue', 'list', '--json')) as QueueRow;
    assert.deepEqual({ recipient: row.recipient, attempts: row.attempts }, { recipient: to, attempts: 0 });
    assert.match(await sluice.cli('queue', 'list'), /waits for a name server/u);

    await nsd.restart();
    const outcome = await outcomes(to); // retries are an hour apart
    assert.equal(outcome.event, 'delivered', JSON.stringify(outcome));
    assert.ok(first.tally.messages > 0 && second.tally.messages > 0 && sixth.tally.messages > 0);
  });
});
