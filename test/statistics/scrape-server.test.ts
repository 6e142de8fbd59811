// The address that Prometheus scrapes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ScrapeServer } from '../../src/statistics/scrape-server.ts';
import { Troubles } from '../../src/stats/troubles.ts';

const host = '127.0.0.1';

async function serve(t: TestContext, collect: () => Promise<string>) {
  const server = new ScrapeServer({ host, port: 0 }, { collect, troubles: new Troubles() });
  t.after(() => server.close());
  const { port } = await server.listening;
  return { port, get: (path: string, init = {}) => fetch(`http://${host}:${port}${path}`, init) };
}

/** What the server says to these bytes, until it closes. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, host, () => socket.write(bytes));
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return answer;
}

test('the numbers are at /metrics, with the type that Prometheus wants, and nothing is anywhere else', async (t) => {
  const { get } = await serve(t, () => Promise.resolve('sluice_x 1\n'));
  const answer = await get('/metrics?name=x');
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(await answer.text(), 'sluice_x 1\n');
  assert.equal((await get('/metrics', { method: 'HEAD' })).status, 200);
  assert.equal((await get('/')).status, 404);
  const posted = await get('/metrics', { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
});

test('scrapes that come together are answered by one collection', async (t) => {
  let collections = 0;
  const { port } = await serve(t, () => {
    collections++;
    // Later than the second request of the same packet.
    return new Promise((resolve) => void setImmediate(resolve, 'sluice_x 1\n'));
  });
  const get = 'GET /metrics HTTP/1.1\r\nHost: a\r\n';
  const answer = await exchange(port, `${get}\r\n${get}Connection: close\r\n\r\n`);
  assert.equal(answer.split('sluice_x 1\n').length, 3);
  assert.equal(collections, 1);
});

test('a collection that fails is told, and the next one is another', async (t) => {
  let collections = 0;
  const { get } = await serve(t, () =>
    ++collections === 1 ? Promise.reject(new Error('the manager ended')) : Promise.resolve('sluice_x 1\n'),
  );
  const failed = await get('/metrics');
  assert.deepEqual([failed.status, await failed.text()], [503, 'the manager ended\n']);
  assert.equal(await (await get('/metrics')).text(), 'sluice_x 1\n');
});

test('what is no HTTP, or has no end, is refused', async (t) => {
  const { port } = await serve(t, () => Promise.resolve(''));
  for (const bytes of ['\0\0\0\0\r\n\r\n', `GET /metrics HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`]) {
    assert.match(await exchange(port, bytes), /^HTTP\/1\.1 4(00|31) /u);
  }
});

test('an address that is in use is a trouble, and the server listens when it is free', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const troubles = new Troubles();
  const raised = Promise.withResolvers<void>();
  troubles.onChanged(() => raised.resolve());
  const server = new ScrapeServer({ host, port }, { collect: () => Promise.resolve('x\n'), troubles });
  t.after(() => server.close());
  await raised.promise;
  assert.match(troubles.list[0]!.text, new RegExp(`Prometheus gets no numbers: ${host}:${port} cannot`, 'u'));
  other.close();
  await once(other, 'close');
  t.mock.timers.tick(5_000);
  await server.listening;
  assert.deepEqual(troubles.list, []);
  assert.equal(await (await fetch(`http://${host}:${port}/metrics`)).text(), 'x\n');
});
