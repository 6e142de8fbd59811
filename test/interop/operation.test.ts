// Operating Sluice: stop, reload, a full disk, a port in use. No accepted mail is lost, and error messages say what to do.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { slow } from '../../sim/mx/personality.ts';
import { Session, submit, type Submission } from '../../sim/mx/submitter.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content = 'Message-ID: <one@client.test>\r\n\r\nHello\r\n';
const mail = { from: 'a@client.test', to: ['b@far.test'], content };

function* messages(from: number, count: number): Generator<Submission> {
  for (let i = from; i < from + count; i++)
    yield { id: `${i}@client.test`, from: 'a@client.test', to: ['b@far.test'] };
}

suite('stop', () => {
  test('SIGTERM under load ends with 0, and after the next start every message has arrived once', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground, { personality: slow(3) });
    const config = { queue: { retry: ['1s'] }, route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
    const first = await startSluice(ground, { config });
    const client = submit(messages(0, 3_000), {
      address: '127.0.0.1',
      port: first.port,
      connections: 20,
      persistent: true,
    });
    await mx.tally.arrived(300);
    assert.equal(await first.program.stop('SIGTERM'), 0);
    assert.ok(mx.tally.deliveries.size < 3_000);
    const second = await startSluice(ground, { config, port: first.port });
    const sent = await client;
    await until('all that was promised arrives', () =>
      sent.accepted.isSubsetOf(new Set(mx.tally.deliveries.keys())),
    );
    assert.equal(mx.tally.duplicates, 0);
    assert.equal(await second.program.stop('SIGTERM'), 0);
  });

  test('an open session gets 421, and no second SIGTERM is needed', async (t) => {
    const ground = Ground.of(t);
    const sluice = await startSluice(ground);
    const session = await Session.open('127.0.0.1', sluice.port);
    const stopped = sluice.program.stop('SIGTERM');
    assert.match(await session.reply(), /^421 4\.3\.2 /u); // RFC 5321 3.8
    assert.equal(await stopped, 0);
  });
});

suite('reload', () => {
  for (const way of ['SIGHUP', 'sluice reload'] as const) {
    test(`${way} puts a new configuration in force for open sessions, and a bad one changes nothing`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const route = [{ relay: [`127.0.0.1:${mx.port}`] }];
      const sluice = await startSluice(ground, { config: { route } });
      const session = await Session.open('127.0.0.1', sluice.port);
      const ask = async (line: string): Promise<string> => {
        session.write(`${line}\r\n`);
        return session.reply();
      };
      const reload = async (codes: readonly number[]): Promise<string> => {
        if (way === 'SIGHUP') {
          const before = sluice.events().length;
          sluice.program.signal('SIGHUP');
          const read = /configuration was (read|refused)/u;
          await until('the reload is logged', () =>
            sluice
              .events()
              .slice(before)
              .some(({ msg }) => read.test(String(msg))),
          );
          return JSON.stringify(sluice.events().slice(before));
        }
        return ground.run(process.execPath, [sluiceBin, 'reload', '--config', sluice.configFile], { codes });
      };
      writeFileSync(sluice.configFile, 'hostname = "sluice.test"\n[receive]\nmax_mesage_size = "1KiB"\n');
      assert.match(await reload([78]), /sluice\.toml:3:1.*max_message_size/su);
      assert.match(await ask('MAIL FROM:<a@client.test> SIZE=2000'), /^250/u);
      assert.match(await ask('RSET'), /^250/u);

      sluice.configure({ route, receive: { max_message_size: '1KiB' } });
      await reload([0]);
      assert.match(await ask('MAIL FROM:<a@client.test>'), /^250/u); // still the same session
      assert.match(await ask('RCPT TO:<b@far.test>'), /^250/u);
      const fresh = await Session.open('127.0.0.1', sluice.port);
      fresh.write('MAIL FROM:<a@client.test> SIZE=2000\r\n');
      assert.match(await fresh.reply(), /^552 5\.3\.4/u);
      await fresh.quit();
      await session.quit();
    });
  }
});

suite('a disk without room', () => {
  test('is answered 452 early, before any content is sent', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const config = { route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
    // More than any disk has, so that all free bytes are in the reserve.
    const sluice = await startSluice(ground, { config: { ...config, queue: { reserve: '8388607GiB' } } });
    const replies = await send(sluice.port, mail);
    assert.ok(
      replies.some((reply) => reply.startsWith('452 4.3.1')),
      replies.join('\n'),
    );
    assert.ok(!replies.some((reply) => reply.startsWith('354')), 'refused before the message was sent');
    await sluice.program.stop('SIGTERM');
    const again = await startSluice(ground, { config });
    assert.match((await send(again.port, mail)).at(-1)!, /^250/u);
    await mx.tally.arrived(1);
  });

  const skip = process.getuid?.() === 0 ? false : 'a file system of its own needs root';
  test('that really fills up loses nothing', { skip }, async (t) => {
    const ground = Ground.of(t);
    const disk = ground.folder('disk');
    await ground.run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
    ground.atEnd(async () => void (await ground.run('umount', ['-l', disk])));
    const mx = await destination(ground);
    await mx.close(); // nothing is delivered at first
    const config = {
      spool: `${disk}/spool`,
      queue: { reserve: '4MiB', segment_size: '1MiB', retry: ['1s'] },
      deliver: { address_rest: ['1s'] },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    };
    const sluice = await startSluice(ground, { config });
    function* large(): Generator<Submission> {
      for (let i = 0; i < 400; i++)
        yield { id: `${i}@client.test`, from: 'a@client.test', to: ['b@far.test'], sizeBytes: 100_000 };
    }
    const sent = await submit(large(), { address: '127.0.0.1', port: sluice.port, connections: 10 });
    assert.ok(sent.accepted.size > 50, `${sent.accepted.size} were accepted before the disk was full`);
    assert.ok(sent.refused.size > 50);
    assert.deepEqual(
      new Set([...sent.refused.values()].map((reply) => reply.slice(0, 9))),
      new Set(['452 4.3.1']),
    );
    assert.equal(sent.unknown.size, 0);
    const back = await destination(ground, { port: mx.port });
    await back.tally.arrived(sent.accepted.size);
    assert.equal(back.tally.duplicates, 0);
    await until('there is room again', async () => (await send(sluice.port, mail)).at(-1)?.startsWith('250'));
  });
});

test('a port in use is named, with what to do about it', async (t) => {
  const ground = Ground.of(t);
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  ground.atEnd(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const config = ground.folder('sluice');
  writeFileSync(
    `${config}/sluice.toml`,
    `spool = "${config}/spool"\n[[listen]]\naddress = "127.0.0.1:${port}"\n`,
  );
  const program = ground.start('sluice', process.execPath, [
    sluiceBin,
    'serve',
    '--config',
    `${config}/sluice.toml`,
  ]);
  assert.notEqual(await program.ended, 0);
  assert.match(program.output, new RegExp(`127\\.0\\.0\\.1:${port}`, 'u'));
  assert.match(program.output, /in use/iu);
  assert.doesNotMatch(program.output, /^ +at /mu);
});

test('a second Sluice on the same spool is refused', async (t) => {
  const ground = Ground.of(t);
  const first = await startSluice(ground);
  const args = [sluiceBin, 'serve', '--config', first.configFile];
  const second = ground.start('second', process.execPath, args);
  assert.notEqual(await second.ended, 0);
  assert.match(second.output, /^SPOOL_IN_USE: .*another Sluice.*\n +Stop that one first/u);
  assert.equal(first.program.isRunning, true);
});
