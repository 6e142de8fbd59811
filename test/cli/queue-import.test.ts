// `sluice queue import` as a program: exported messages are handed in with their envelopes, and none twice.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import type { Envelope } from '../../src/message/envelope.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { envelopeFor, writerDefaults } from '../spool/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';
import { type SmtpServer, smtpServer } from './smtp-server.ts';

interface Exported {
  readonly folder: string;
  readonly ids: readonly string[];
  readonly server: SmtpServer;
  import(): Promise<RunResult>;
}

/** Two exported messages, and a server in the place of a running Sluice. */
async function exported(t: TestContext, answer?: (command: string) => string | undefined): Promise<Exported> {
  const { path, atEnd } = temporaryFolder(t, 'import');
  const config = join(path, 'sluice.toml');
  writeFileSync(
    config,
    `spool = "${path}/spool"\ncontrol_socket = "${path}/c"\nsubmission_socket = "${path}/s"\n`,
  );
  const writer = await openSpoolWriter({ ...writerDefaults, directory: join(path, 'spool') });
  const ids = [writer.newQueueId(), writer.newQueueId()] as const;
  const never = { never: true, success: false, failure: false, delay: false };
  const first: Envelope = {
    ...envelopeFor(ids[0], ['a@x.test', 'b@x.test']),
    recipients: [
      { address: 'a@x.test', notify: never, originalRecipient: 'rfc822;alias@x.test' },
      { address: 'b@x.test' },
    ],
    ret: 'HDRS',
    envelopeId: 'E1',
    verp: '-=',
  };
  await writer.append({ envelope: first, content: [Buffer.from('Subject: 1\r\n\r\n.dot\r\n')] });
  const second = { ...envelopeFor(ids[1], ['c@x.test']), reversePath: '' };
  await writer.append({ envelope: second, content: [Buffer.from('Subject: 2\r\n\r\n')] });
  await writer.close();
  const folder = join(path, 'out');
  const args = ['queue', 'export', '--all', '--envelope', '-d', folder, '--config', config];
  assert.equal((await sluice(args)).code, 0);
  const server = await smtpServer(join(path, 's'), answer);
  atEnd(() => server.close());
  return { folder, ids, server, import: () => sluice(['queue', 'import', folder, '--config', config]) };
}

suite('queue import', { concurrency: 2 }, () => {
  test('hands in each message with its envelope, once', async (t) => {
    const here = await exported(t);
    assert.deepEqual(await here.import(), { code: 0, stdout: '2 messages handed in.\n', stderr: '' });
    assert.deepEqual(
      here.server.commands.filter((command) => /^(?:MAIL|RCPT)/.test(command)),
      [
        'MAIL FROM:<alice@example.com> SIZE=20 RET=HDRS ENVID=E1 XVERP=-=',
        'RCPT TO:<a@x.test> NOTIFY=NEVER ORCPT=rfc822;alias@x.test',
        'RCPT TO:<b@x.test>',
        'MAIL FROM:<> SIZE=14',
        'RCPT TO:<c@x.test>',
      ],
    );
    assert.deepEqual(here.server.contents, ['Subject: 1\r\n\r\n..dot\r\n', 'Subject: 2\r\n\r\n']);
    assert.deepEqual(
      readdirSync(here.folder).filter((name) => !name.endsWith('.json')),
      here.ids.map((id) => `${id}.eml.imported`),
    );
    assert.equal((await here.import()).stdout, '0 messages handed in.\n');
    assert.equal(here.server.contents.length, 2);
  });

  test('keeps the recipients that were not taken for the next run', async (t) => {
    let refuses = true;
    const here = await exported(t, (command) =>
      refuses && command.includes('b@x.test') ? '451 4.3.0 Later' : undefined,
    );
    const { code, stdout, stderr } = await here.import();
    assert.deepEqual([code, stdout], [1, '1 message handed in.\n']);
    assert.match(
      stderr,
      new RegExp(`^${here.ids[0] ?? ''}.eml: SENDMAIL_TRY_AGAIN: .* for 1 of 2 recipients`),
    );
    assert.match(stderr, /^IMPORT_INCOMPLETE: 1 message was not taken for everybody/m);
    const envelope = join(here.folder, `${here.ids[0] ?? ''}.envelope.json`);
    assert.deepEqual((JSON.parse(readFileSync(envelope, 'utf8')) as { waiting: unknown }).waiting, [
      'b@x.test',
    ]);
    refuses = false;
    assert.equal((await here.import()).stdout, '1 message handed in.\n');
    assert.equal(here.server.commands.filter((command) => command.includes('a@x.test')).length, 1);
  });

  test('names the envelope that it cannot read, and goes on with the others', async (t) => {
    const here = await exported(t);
    writeFileSync(
      join(here.folder, `${here.ids[0] ?? ''}.envelope.json`),
      '{"reversePath":null,"waiting":[]}',
    );
    const { code, stdout, stderr } = await here.import();
    assert.deepEqual([code, stdout], [1, '1 message handed in.\n']);
    assert.match(stderr, /IMPORT_UNREADABLE: Reading .*envelope\.json: reversePath: /);
    here.server.close();
  });
});
