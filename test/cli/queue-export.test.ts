// `sluice queue export` as a program: messages of a stopped and of a running Sluice, octet by octet, to new files.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import type { QueueRow } from '../../src/control/queue-row.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import type { StoredRef } from '../../src/spool/types.ts';
import { send } from '../interop/mail.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

interface Stopped {
  readonly folder: string;
  readonly atEnd: TemporaryFolder['atEnd'];
  readonly ids: readonly string[];
  readonly contents: readonly Buffer[];
  readonly refs: readonly StoredRef[];
  readonly large: (id: string) => string;
  run(...args: string[]): Promise<RunResult>;
}

/** A spool with a message in a segment and one in a file of its own; no Sluice runs. */
async function stopped(t: TestContext): Promise<Stopped> {
  const { path: folder, atEnd } = temporaryFolder(t, 'export');
  const spool = join(folder, 'spool');
  const config = join(folder, 'sluice.toml');
  writeFileSync(
    config,
    `spool = ${JSON.stringify(spool)}\ncontrol_socket = ${JSON.stringify(join(folder, 'c'))}\n`,
  );
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool });
  const ids = [writer.newQueueId(), writer.newQueueId()] as const;
  const contents = [contentFor(1, 5_000), contentFor(2, 3_000_000)] as const;
  const first = await writer.append({
    envelope: envelopeFor(ids[0], ['a@small.test', 'b@other.test']),
    content: [contents[0]],
  });
  const large = await writer.openLarge(ids[1]);
  await large.write(contents[1]);
  const second = await large.commit(envelopeFor(ids[1], ['a@large.test']));
  await writer.close();
  return {
    folder,
    atEnd,
    ids,
    contents,
    refs: [first.ref, second.ref],
    large: (id) => join(spool, 'large', id),
    run: (...args) => sluice(['queue', 'export', ...args, '--config', config]),
  };
}

suite('queue export', { concurrency: 2 }, () => {
  test('a folder that cannot be made, and a file that cannot be written, are named with the reason', async (t) => {
    const { folder, ids, run } = await stopped(t);
    writeFileSync(join(folder, 'file'), '');
    const inFile = await run(ids[0] ?? '', '--directory', join(folder, 'file', 'out'));
    assert.match(inFile.stderr, /Making the folder .*: a part of its path is no folder\./u);
    const asFile = await run(ids[0] ?? '', '--directory', join(folder, 'file'));
    assert.match(asFile.stderr, /Making the folder .*: it is there already, and is no folder\./u);
    const nowhere = await run(ids[0] ?? '', '--output', join(folder, 'missing', 'out'));
    assert.match(nowhere.stderr, /Writing .*: its folder does not exist\./u);
    for (const { code } of [inFile, asFile, nowhere]) assert.notEqual(code, 0);
  });

  test('one message goes to standard output, octet by octet', async (t) => {
    const { folder, ids, contents, run } = await stopped(t);
    const out = join(folder, 'out');
    const { code, stderr } = await run(ids[0] ?? '', '--output', out);
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(readFileSync(out).equals(contents[0] ?? Buffer.alloc(0)));
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const { stdout } = await run(ids[0] ?? '');
    assert.equal(stdout, (contents[0] ?? Buffer.alloc(0)).toString());
  });

  test('several go to a folder, with their envelopes if asked for, and no file is overwritten', async (t) => {
    const { folder, ids, contents, run } = await stopped(t);
    const out = join(folder, 'new', 'out');
    const first = await run('--domain', '*.test', '--directory', out, '--envelope');
    assert.deepEqual(first, { code: 0, stdout: `2 messages exported to ${out}.\n`, stderr: '' });
    assert.deepEqual(
      readdirSync(out).sort(),
      ids.flatMap((id) => [`${id}.eml`, `${id}.envelope.json`]).sort(),
    );
    for (const [index, id] of ids.entries()) {
      assert.ok(readFileSync(join(out, `${id}.eml`)).equals(contents[index] ?? Buffer.alloc(0)));
    }
    const again = await run('--domain', '*.test', '--directory', out);
    assert.equal(again.code, 1);
    assert.equal(again.stderr.match(/^EXPORT_EXISTS: /gm)?.length, 2);
    assert.match(again.stderr, /^EXPORT_INCOMPLETE: 2 messages could not be exported\.$/m);
    assert.equal(readFileSync(join(out, `${ids[1] ?? ''}.eml`)).length, 3_000_000);
  });

  test('the envelope has all waiting recipients, also those that the filter did not choose', async (t) => {
    const { folder, ids, run } = await stopped(t);
    await run('--domain', 'small.test', '--output', join(folder, 'x.eml'), '--envelope');
    const envelope = JSON.parse(readFileSync(join(folder, 'x.envelope.json'), 'utf8')) as object;
    assert.deepEqual(envelope, {
      ...envelopeFor(ids[0] ?? '', ['a@small.test', 'b@other.test']),
      waiting: ['a@small.test', 'b@other.test'],
    });
  });

  test('what can be read of a damaged message is written, the damage is reported, and the exit code is EX_DATAERR', async (t) => {
    const { folder, ids, contents, large, run } = await stopped(t);
    const id = ids[1] ?? '';
    const content = contents[1] ?? Buffer.alloc(0);
    writeFileSync(large(id), content.subarray(0, 1_000_000));
    const out = join(folder, 'out');
    const { code, stdout, stderr } = await run('--all', '--directory', out);
    assert.equal(code, 65);
    assert.equal(stdout, `2 messages exported to ${out}.\n`);
    assert.match(
      stderr,
      new RegExp(`^${id}: Only 1000000 of the 3000000 bytes of its content are there\\.$`, 'm'),
    );
    assert.match(stderr, /^EXPORT_DAMAGED: 1 message of 2 is damaged: what can be read was written\.$/m);
    assert.ok(readFileSync(join(out, `${id}.eml`)).equals(content.subarray(0, 1_000_000)));
    rmSync(large(id));
    const gone = await run(id, '--output', join(folder, 'gone.eml'), '--json');
    assert.equal(gone.code, 65);
    const told = JSON.parse(gone.stdout) as { file: string | null; bytes: number; faults: string[] };
    assert.deepEqual([told.file, told.bytes], [null, 0]);
    assert.match(told.faults.join(','), /^Its content is gone/);
    assert.ok(!readdirSync(folder).includes('gone.eml'));
  });

  test('mistakes are reported before anything is written', async (t) => {
    const { folder, ids, run } = await stopped(t);
    const out = join(folder, 'x.eml');
    const absent = '000000000000000';
    const cases: readonly (readonly [args: string[], code: number, text: RegExp])[] = [
      [[], 64, /^NOTHING_CHOSEN: Which messages\? "sluice queue export" needs ids or a filter\./],
      [['--all', '-o', out], 64, /^EXPORT_TARGET: 2 messages are chosen, and one file holds one message\./],
      [['--all'], 64, /^EXPORT_TARGET: 2 messages are chosen/],
      [['--all', '-o', out, '-d', folder], 64, /^EXPORT_TARGET: --output and --directory exclude/],
      [[ids[0] ?? '', '--envelope'], 64, /^EXPORT_TARGET: --envelope/],
      [[ids[0] ?? '', '--json'], 64, /^EXPORT_TARGET: --json/],
      [[absent], 1, /^NO_SUCH_MESSAGE: No message 000000000000000 is in the queue\./],
      [['--domain', 'no.test'], 1, /^NO_SUCH_MESSAGE: No mail that waits matches\./],
      [[ids[0] ?? '', '-o', join(folder, 'no', 'x')], 74, /^EXPORT_FAILED: Writing .*no\/x: /],
    ];
    for (const [args, code, text] of cases) {
      const result = await run(...args);
      assert.match(result.stderr, text, args.join(' '));
      assert.deepEqual([result.code, result.stdout], [code, ''], args.join(' '));
    }
    assert.ok(!readdirSync(folder).includes('x.eml'));
  });

  test('a message that was moved after its place was looked up is found, and one that left the queue is reported', async (t) => {
    const { folder, atEnd, ids, contents, refs, run } = await stopped(t);
    const [id = ''] = ids;
    const [ref] = refs;
    const row: QueueRow = {
      queueId: id,
      receivedAtMs: 1,
      sender: '',
      recipient: 'a@small.test',
      domain: 'small.test',
      tenant: '',
      state: 'waiting',
      isHeld: false,
      attempts: 1,
      nextAttemptAtMs: 1,
      lastError: '',
    };
    const before = { ...row, ref: { store: 0, place: [64 * 9, ...ref!.place.slice(1)] } };
    // The answers of the running Sluice about the message, in order.
    const answers: object[][] = [[before], [{ ...row, ref }], [before], []];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(`${JSON.stringify({ kind: 'rows', rows: answers.shift() ?? [] })}\n`);
        socket.end('{"kind":"end","result":null}\n');
      });
    });
    server.listen(join(folder, 'c'));
    await once(server, 'listening');
    atEnd(() => server.close());
    const out = join(folder, 'moved.eml');
    assert.deepEqual(await run(id, '-o', out), { code: 0, stdout: '', stderr: '' });
    assert.ok(readFileSync(out).equals(contents[0] ?? Buffer.alloc(0)));
    const done = await run(id, '-o', join(folder, 'done.eml'));
    assert.equal(done.code, 1);
    assert.match(done.stderr, /^NO_SUCH_MESSAGE: /);
    assert.ok(!readdirSync(folder).includes('done.eml'));
    assert.deepEqual(answers, []);
  });

  test('mail of a running Sluice is exported as it would be sent, and stays in the queue', async (t) => {
    const ground = Ground.of(t);
    const running = await startSluice(ground, {
      config: {
        receive: { relay_networks: ['127.0.0.0/8'], large_message: '64KiB' },
        route: [{ relay: ['127.0.0.1:9'] }],
        queue: { reserve: '0B' },
      },
    });
    await running.program.line(/is running as/u);
    const line = `${'x'.repeat(70)}\r\n`;
    const rest = 'Date: Sat, 28 Nov 2026 20:00:00 +0000\r\nMessage-ID: <x@client.test>\r\n\r\n';
    const bodies = [`Subject: small\r\n${rest}dot\r\n`, `Subject: large\r\n${rest}${line.repeat(5_000)}`];
    for (const content of bodies) {
      const replies = await send(running.port, { from: 'a@client.test', to: ['b@there.test'], content });
      assert.match(replies.at(-1) ?? '', /^250/u);
    }
    const out = ground.folder('exported');
    const run = (...args: string[]) => sluice([...args, '--config', running.configFile]);
    await run('queue', 'hold', '--all');
    const { code, stderr } = await run('queue', 'export', '--all', '-d', out);
    assert.deepEqual([code, stderr], [0, '']);
    const exported = readdirSync(out).map((name) => readFileSync(join(out, name), 'latin1'));
    const isReceived = exported.every((text) => /^Received: from [^]*?\r\n(?=Subject)/.test(text));
    assert.ok(isReceived);
    // deepEqual would print hundreds of KB for a difference.
    const found = exported.map((text) => text.slice(text.indexOf('Subject')));
    assert.ok(bodies.every((body) => found.includes(body)) && found.length === bodies.length);
    const listed = await run('queue', 'list', '--json');
    const rows = listed.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as QueueRow);
    assert.deepEqual(
      rows.map(({ state, ref }) => [state, ref]),
      [
        ['held', undefined],
        ['held', undefined],
      ],
    );
  });
});
