// Where the log of a running Sluice goes: syslog through logger(1), a file that is rotated, and one that others rotate.

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { descendants, titleOf } from '../../sim/neighbours/process-tree.ts';
import { type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { send } from '../interop/mail.ts';

const discard: SluiceConfig = { route: [{ discard: true }] };
const content = 'Message-ID: <x@client.test>\r\n\r\nHello\r\n';
const mail = (to: string) => ({ from: 'a@client.test', to: [to], content });
const withoutLogger = existsSync('/usr/bin/logger') ? false : 'logger is not installed (Debian: bsdutils)';

/** A syslog server at a Unix-domain socket. Node has no datagrams there; logger(1) uses a stream when it finds one. */
async function syslogAt(ground: Ground, path: string) {
  const texts: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => texts.push(text));
  });
  server.listen(path);
  await once(server, 'listening');
  ground.atEnd(() => void server.close());
  return { server, received: () => texts.join('') };
}

suite('where the log goes', { concurrency: 2 }, () => {
  test(
    'syslog gets the lines of all processes through one logger, also after it was killed',
    { skip: withoutLogger },
    async (t) => {
      const ground = Ground.of(t);
      const socket = join(ground.folder('syslog'), 'log');
      const syslog = await syslogAt(ground, socket);
      const sluice = await startSluice(ground, {
        config: { ...discard, log: { syslog: `unix:${socket}`, syslog_facility: 'local3', stdout: false } },
      });
      await send(sluice.port, mail('one@example.test'));
      await until('syslog has the delivery', () => syslog.received().includes('"event":"delivered"'));
      // local3 is 19 (RFC 5424 6.2.1), informational is 6.
      assert.match(
        syslog.received(),
        /<158>.* sluice: \{"level":"info",.*"event":"received".*"one@example\.test"/u,
      );
      assert.equal(lstatSync(join(sluice.spool, 'syslog.pipe')).isFIFO(), true);
      const loggers = () =>
        descendants(sluice.program.pid).filter((pid) => titleOf(pid).startsWith('logger '));
      const [first, ...more] = loggers();
      assert.deepEqual(more, []);
      process.kill(first ?? 0, 'SIGKILL');
      await until('Sluice tells it', async () => {
        const { troubles } = await sluice.ask<Status>({ operation: 'status' });
        return troubles?.some(({ key }) => key === 'log:logger') === true;
      });
      await send(sluice.port, mail('two@example.test'));
      await until('syslog has the second message', () => syslog.received().includes('two@example.test'));
      assert.notDeepEqual(loggers(), [first]);
      assert.equal(await sluice.program.stop('SIGTERM'), 0);
      assert.match(syslog.received(), /"msg":"stopped; everything that was not delivered is in the spool"/u);
      assert.equal(existsSync(join(sluice.spool, 'syslog.pipe')), false);
    },
  );

  test('journald gets the severity of each line, from all processes', async (t) => {
    const ground = Ground.of(t);
    const output = join(ground.directory, 'journal');
    writeFileSync(output, '');
    const { dev, ino } = statSync(output);
    const sluice = await startSluice(ground, {
      config: { ...discard, log: { stdout: true } },
      env: { JOURNAL_STREAM: `${dev}:${ino}` },
      under: ['/bin/sh', '-c', `exec "$@" >>${output}`, 'sh'],
    });
    await send(sluice.port, mail('b@example.test'));
    await until('the delivery is there', () => readFileSync(output, 'utf8').includes('"event":"delivered"'));
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
    for (const line of lines) {
      const [, severity, level] = /^<(\d)>\{"level":"(\w+)"/u.exec(line) ?? [];
      assert.equal(severity, { debug: '7', info: '6', warn: '4', error: '3' }[level ?? ''], line);
    }
    // The file beside it has the same lines as they are.
    assert.equal(sluice.events().length, lines.length);
  });

  test('mail goes on while nobody takes the lines of syslog', { skip: withoutLogger }, async (t) => {
    const ground = Ground.of(t);
    const sluice = await startSluice(ground, {
      config: { ...discard, log: { syslog: `unix:${join(ground.directory, 'none')}` } },
    });
    for (let count = 0; count < 20; count++) {
      const replies = await send(sluice.port, mail(`b${count}@example.test`));
      assert.match(replies.at(-1) ?? '', /^250/u);
    }
    await sluice.logged('delivered', 20);
    await until('the trouble is told', async () => {
      const { troubles } = await sluice.ask<Status>({ operation: 'status' });
      const told = troubles?.find(({ key }) => key === 'log:logger')?.text ?? '';
      return /does not reach syslog: .*No such file or directory/u.test(told);
    });
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });

  test('a file is rotated at its size, and every process writes to the new one', async (t) => {
    const ground = Ground.of(t);
    const sluice = await startSluice(ground, {
      config: { ...discard, log: { rotate_size: '64KiB', rotate_keep: 50, stdout: true } },
    });
    const files = () =>
      readdirSync(sluice.directory)
        .filter((name) => name.startsWith('log'))
        .toSorted();
    let sent = 0;
    while (files().length < 2) {
      for (let count = 0; count < 20; count++)
        await send(sluice.port, mail(`${'x'.repeat(60)}${sent++}@example.test`));
      assert.ok(sent < 5_000);
    }
    await send(sluice.port, mail('last@example.test'));
    await until('the new file has lines of receiver and sender', () => {
      const lines = sluice.events().filter(({ to }) => String(to) === 'last@example.test');
      return (
        lines.some(({ event }) => event === 'received') && lines.some(({ event }) => event === 'delivered')
      );
    });
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    const all = files()
      .map((name) => readFileSync(join(sluice.directory, name), 'utf8'))
      .join('');
    const lines = all
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event?: string });
    for (const event of ['received', 'delivered'])
      assert.equal(lines.filter((line) => line.event === event).length, sent + 1);
    // The file is not alone: standard output has the same lines.
    assert.match(sluice.program.output, /"event":"delivered".*last@example\.test/u);
  });

  for (const single of [false, true]) {
    test(`another program rotates the file with "sluice log reopen", ${single ? 'in one process' : 'in several'}`, async (t) => {
      const ground = Ground.of(t);
      const sluice = await startSluice(ground, {
        config: { ...discard, processes: { single_process: single } },
      });
      renameSync(join(sluice.directory, 'log'), join(sluice.directory, 'log.1'));
      assert.match(await sluice.cli('log', 'reopen'), /open the log file again/u);
      await until('there is a new file', () => existsSync(join(sluice.directory, 'log')));
      await send(sluice.port, mail('b@example.test'));
      await until('it has the delivery', () => sluice.events().some(({ event }) => event === 'delivered'));
    });
  }

  test('a reload that is refused opens the file again, too', async (t) => {
    const ground = Ground.of(t);
    const sluice = await startSluice(ground, { config: discard });
    sluice.configure({ ...discard, nonsense: 1 });
    renameSync(join(sluice.directory, 'log'), join(sluice.directory, 'log.1'));
    await assert.rejects(sluice.ask({ operation: 'reload' }), { code: 'CONFIG_REFUSED' });
    await send(sluice.port, mail('b@example.test'));
    await until(
      'the new file has the delivery',
      () =>
        existsSync(join(sluice.directory, 'log')) &&
        sluice.events().some(({ event }) => event === 'delivered'),
    );
  });
});
