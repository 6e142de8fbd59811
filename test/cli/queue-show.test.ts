// `sluice queue show --content` and `--eml` as a program: the message itself, as text that cannot control a terminal, or octet
// by octet.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { VisibleText } from '../../src/cli/visible-text.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

const hostile = Buffer.concat([
  Buffer.from('Subject: \x1b]0;owned\x07 and \x1b[2J\r\nX: a\rb\x7f\r\n\r\n'),
  Buffer.from('tab\there \u202etxt.exe \u0085 \u00e4\r\n'),
  Buffer.from([0xff, 0x9b, 0x33, 0x31, 0x6d, 0x0d, 0x0a]),
]);
const shown = 'Subject: ␛]0;owned␇ and ␛[2J\nX: a␍b␡\n\ntab\there \ufffdtxt.exe \ufffd ä\n\ufffd\ufffd31m\n';

/** The queue of a stopped Sluice: a small message and a large one, after its prefix. */
async function stopped(t: TestContext): Promise<{
  readonly folder: string;
  readonly ids: readonly [string, string];
  readonly large: Buffer;
  run(...args: string[]): Promise<RunResult>;
}> {
  const { path: folder } = temporaryFolder(t, 'show');
  const config = join(folder, 'sluice.toml');
  writeFileSync(config, `spool = "${folder}/spool"\ncontrol_socket = "${folder}/c"\n`);
  const writer = await openSpoolWriter({ ...writerDefaults, directory: join(folder, 'spool') });
  const ids = [writer.newQueueId(), writer.newQueueId()] as const;
  await writer.append({ envelope: envelopeFor(ids[0]), content: [hostile] });
  const content = contentFor(2, 3_000_000);
  const prefix = Buffer.from('DKIM-Signature: v=1\r\nReceived: from x\r\n');
  const file = await writer.openLarge(ids[1]);
  await file.write(content);
  await file.commit(envelopeFor(ids[1]), prefix);
  await writer.close();
  const run = (...args: string[]): Promise<RunResult> =>
    sluice(['queue', 'show', ...args, '--config', config]);
  return { folder, ids, large: Buffer.concat([prefix, content]), run };
}

suite('queue show of a message itself', { concurrency: 2 }, () => {
  test('as text it has no character that a terminal obeys, also where standard output is no terminal', async (t) => {
    const { ids, run } = await stopped(t);
    assert.deepEqual(await run(ids[0], '--content'), { code: 0, stdout: shown, stderr: '' });
  });

  test('octet by octet it is what would be sent: the added header fields, then the content', async (t) => {
    const { folder, ids, large, run } = await stopped(t);
    const out = join(folder, 'large.eml');
    assert.deepEqual(await run(ids[1], '--eml', '-o', out), { code: 0, stdout: '', stderr: '' });
    assert.ok(readFileSync(out).equals(large));
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const again = await run(ids[1], '--eml', '-o', out);
    assert.match(again.stderr, /^EXPORT_EXISTS: /);
    assert.equal((await run(ids[0], '--eml')).stdout, hostile.toString());
  });

  test('of a damaged message, what can be read is shown, and the exit code is EX_DATAERR', async (t) => {
    const { folder, ids, large, run } = await stopped(t);
    writeFileSync(join(folder, 'spool', 'large', ids[1]), large.subarray(39, 1_000_039));
    const { code, stdout, stderr } = await run(ids[1], '--content');
    assert.equal(code, 65);
    assert.match(stdout, /^DKIM-Signature: v=1\nReceived: from x\n/);
    assert.match(stderr, /^EXPORT_DAMAGED: Message \S+ is damaged: .*Only 1000000 of the 3000000 bytes/);
  });

  test('options that contradict each other, and ids of no message, are refused', async (t) => {
    const { folder, ids, run } = await stopped(t);
    for (const args of [
      ['--content', '--eml'],
      ['--eml', '--json'],
      ['--content', '-o', join(folder, 'x')],
      ['-o', join(folder, 'x')],
    ]) {
      const { code, stdout, stderr } = await run(ids[0], ...args);
      assert.deepEqual([code, stdout], [64, ''], args.join(' '));
      assert.match(stderr, /^SHOW_OPTIONS: /);
    }
    assert.match((await run('000000000000000', '--eml')).stderr, /^NO_SUCH_MESSAGE: /);
  });
});

test('a message is shown the same, however its bytes are cut into pieces', () => {
  for (let size = 1; size < 8; size++) {
    const text = new VisibleText();
    let found = '';
    for (let at = 0; at < hostile.length; at += size) found += text.add(hostile.subarray(at, at + size));
    assert.equal(found + text.end(), shown);
  }
  const cut = new VisibleText();
  assert.equal(cut.add(Buffer.from('a\r')) + cut.end(), 'a␍');
});
