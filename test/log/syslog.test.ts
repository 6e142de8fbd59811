// The log to a syslog server over UDP and TCP: messages of RFC 5424, and a server that is away or comes later.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createLogger, type Logger } from '../../src/log/logger.ts';
import { LogTrouble } from '../../src/log/log-trouble.ts';
import { SyslogDatagrams } from '../../src/log/syslog-datagrams.ts';
import { syslogHead } from '../../src/log/syslog-head.ts';
import { SyslogStream } from '../../src/log/syslog-stream.ts';
import { Troubles } from '../../src/stats/troubles.ts';

/** RFC 5424 6: HEADER, STRUCTURED-DATA (nil), MSG. */
const message =
  /^<(?<pri>\d{1,3})>1 (?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?<host>[!-~]{1,255}) (?<app>[!-~]{1,48}) (?<proc>[!-~]{1,128}) (?<type>[!-~]{1,32}) - (?<text>.*)$/su;

function parsed(datagram: string): Record<string, string> {
  const found = message.exec(datagram)?.groups;
  assert.ok(found, datagram);
  return found;
}

function logTo(Sink: typeof SyslogDatagrams | typeof SyslogStream, port: number, troubles: Troubles): Logger {
  const trouble = new LogTrouble('udp:127.0.0.1:514', troubles, 'log:syslog', 'advice');
  return createLogger({
    level: 'debug',
    format: 'json',
    head: syslogHead({ facility: 2, hostname: 'mail.example.com', processId: 4711 }),
    destination: (droppedLine) => new Sink({ host: '127.0.0.1', port }, droppedLine, trouble),
  });
}

/** A syslog server over UDP, with its datagrams so far. */
async function datagramServer(t: TestContext, port = 0) {
  const socket = createSocket('udp4');
  const received: string[] = [];
  let heard = Promise.withResolvers<void>();
  socket.on('message', (bytes) => {
    received.push(bytes.toString());
    heard.resolve();
    heard = Promise.withResolvers();
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const close = () => new Promise<void>((resolve) => void socket.close(() => resolve()));
  t.after(() => close().catch(() => undefined));
  const count = async (wanted: number) => {
    while (received.length < wanted) await heard.promise;
  };
  return { port: socket.address().port, received, count, close };
}

/** A syslog server over TCP, with its lines so far. */
async function streamServer(t: TestContext, port = 0) {
  const lines: string[] = [];
  const sockets: Socket[] = [];
  let heard = Promise.withResolvers<void>();
  let rest = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      const pieces = (rest + text).split('\n');
      rest = pieces.pop() ?? '';
      lines.push(...pieces);
      heard.resolve();
      heard = Promise.withResolvers();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = new Promise((resolve) => void server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.after(close);
  const count = async (wanted: number) => {
    while (lines.length < wanted) await heard.promise;
  };
  return { port: (server.address() as AddressInfo).port, lines, count, close };
}

describe('syslog over UDP', () => {
  it('gets one datagram for each line, with severity, time, host and type', async (t) => {
    const server = await datagramServer(t);
    const log = logTo(SyslogDatagrams, server.port, new Troubles());
    log.event('delivered', { id: 'X', to: 'b@example.org' });
    log.error('text\nwith a line end');
    log.warn('w');
    log.debug('d');
    await server.count(4);
    await log.close();
    const [delivered, error, warning, debug] = server.received.map(parsed);
    assert.deepEqual(
      [delivered, error, warning, debug].map((each) => each?.['pri']),
      ['22', '19', '20', '23'], // mail.info, mail.err, mail.warning, mail.debug
    );
    assert.equal(delivered?.['host'], 'mail.example.com');
    assert.equal(delivered?.['app'], 'sluice');
    assert.equal(delivered?.['proc'], '4711');
    assert.equal(delivered?.['type'], 'delivered');
    assert.equal(JSON.parse(delivered?.['text'] ?? '').to, 'b@example.org');
    assert.equal(JSON.parse(error?.['text'] ?? '').msg, 'text\nwith a line end');
    assert.equal(error?.['type'], '-');
  });

  it('raises a trouble when no server listens, counts the lines, and never waits', async (t) => {
    const gone = await datagramServer(t);
    await gone.close();
    const troubles = new Troubles();
    const raised = Promise.withResolvers<void>();
    troubles.onChanged(() => raised.resolve());
    const log = logTo(SyslogDatagrams, gone.port, troubles);
    for (let count = 0; count < 20_000; count++) log.info('line');
    await raised.promise;
    assert.equal(troubles.list[0]?.key, 'log:syslog');
    assert.match(troubles.list[0].text, /no server listens there.*dropped and counted/u);
    await log.close();
  });

  it('tells how many lines were lost once the server is there again', async (t) => {
    const server = await datagramServer(t);
    const troubles = new Troubles();
    t.mock.timers.enable({ apis: ['Date'] });
    const raised = Promise.withResolvers<void>();
    troubles.onChanged(() => raised.resolve());
    let nowMs = performance.now();
    t.mock.method(performance, 'now', () => nowMs);
    const log = logTo(SyslogDatagrams, server.port, troubles);
    log.info('first');
    await server.count(1);
    await server.close();
    log.info('lost');
    await raised.promise;
    const again = await datagramServer(t, server.port);
    nowMs += 10_001;
    log.info('after');
    await again.count(2);
    const texts = again.received.map((each) => JSON.parse(parsed(each)['text'] ?? ''));
    assert.deepEqual(
      texts.map(({ msg, dropped }) => [msg, dropped]),
      [
        ['after', undefined],
        ['log lines were dropped: they could not be written', 1],
      ].toSorted(),
    );
    assert.deepEqual(troubles.list, []);
    await log.close();
  });
});

describe('syslog over TCP', () => {
  it('gets each line, in order, also those from before it was there', async (t) => {
    const gone = await streamServer(t);
    await gone.close();
    const troubles = new Troubles();
    const raised = Promise.withResolvers<void>();
    troubles.onChanged(() => raised.resolve());
    const log = logTo(SyslogStream, gone.port, troubles);
    log.info('early');
    await raised.promise;
    assert.match(troubles.list[0]?.text ?? '', /ECONNREFUSED.*kept in memory/u);
    const server = await streamServer(t, gone.port);
    await server.count(1);
    for (let count = 0; count < 1_000; count++) log.info(`line ${count}`);
    await server.count(1_001);
    assert.deepEqual(troubles.list, []);
    const texts = server.lines.map((line) => JSON.parse(parsed(line)['text'] ?? '').msg);
    assert.deepEqual(texts, ['early', ...Array.from({ length: 1_000 }, (_, n) => `line ${n}`)]);
    await log.close();
  });

  it('connects again when the server has closed the connection, and bounds what waits for it', async (t) => {
    const first = await streamServer(t);
    const troubles = new Troubles();
    const log = logTo(SyslogStream, first.port, troubles);
    log.info('first');
    await first.count(1);
    const raised = Promise.withResolvers<void>();
    troubles.onChanged((list) => {
      if (list.length > 0) raised.resolve();
    });
    await first.close();
    await raised.promise;
    const pad = 'x'.repeat(100_000);
    for (let count = 0; count < 400; count++) log.info('large', { pad });
    const second = await streamServer(t, first.port);
    // The line that says how many were dropped is the last one.
    while (!second.lines.some((line) => line.includes('"dropped":')))
      await second.count(second.lines.length + 1);
    await log.close();
    const last = second.lines.map((line) => JSON.parse(parsed(line)['text'] ?? ''));
    const kept = last.filter(({ msg }) => msg === 'large').length;
    const dropped = last.find((each) => each.dropped !== undefined)?.dropped;
    assert.ok(kept < 170, `${kept} kept`);
    assert.equal(kept + dropped, 400);
  });

  it('ends in time and says what is lost when the server takes nothing', async (t) => {
    const gone = await streamServer(t);
    await gone.close();
    const written: unknown[] = [];
    t.mock.method(process.stderr, 'write', (text: unknown) => written.push(text));
    const log = logTo(SyslogStream, gone.port, new Troubles());
    log.info('a');
    log.info('b');
    await log.close();
    t.mock.restoreAll();
    assert.deepEqual(written, ['sluice: 2 lines of the log could not be sent to syslog and are lost\n']);
  });
});
