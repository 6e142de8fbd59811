// Tables of checks asked by Postfix and by Sluice about the same messages: the same lines are looked up, the same rules match, and the same becomes of
// the mail.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { RE2JS } from 're2js';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { atOnce } from '../../src/io/slices.ts';
import { checkTableOf } from '../../src/policy/checks/check-file.ts';
import { CheckedLine } from '../../src/policy/checks/types.ts';
import { checks } from '../policy/checks/checked-mail.ts';
import { destination, send } from './mail.ts';

/** Numbers that look random, and are the same each time. */
function numbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % most;
  };
}

const pieces = [
  'Subject: a',
  'X-Long: one',
  ' two',
  '\tthree',
  'Content-Type: text/plain',
  'Content-Type: message/rfc822',
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: multipart/digest; boundary="c d"',
  'content-disposition: inline',
  'MIME-Version: 1.0',
  'Name : value',
  '',
  '',
  '--b',
  '--c d',
  '--b--',
  '--bx',
  '--c d-- end',
  'text',
  'From x',
  ': x',
  'a:b',
  'x'.repeat(70),
  '.',
  'Nöt: ascii',
] as const;

/** A message whose lines are drawn from those that matter. */
function message(random: (most: number) => number): string {
  const types = pieces.filter((piece) => piece.startsWith('Content-Type'));
  const lines = [`X-First: 1`, types[random(types.length)] ?? '', ''];
  const count = 2 + random(25);
  for (let line = 0; line < count; line++) lines.push(pieces[random(pieces.length)] ?? '');
  return `${lines.join('\n')}\n`;
}

/** The keys that Postfix looks up in a message, and what it finds. */
function postmap(mode: string, file: string, input: string): string[] {
  const told = execFileSync('/usr/sbin/postmap', [mode, '-q', '-', `regexp:${file}`], {
    input: Buffer.from(input),
    encoding: 'latin1',
  });
  return told === '' ? [] : told.split('\n').filter((line) => line !== '');
}

/** A header with two types: which of them counts, programs do not agree on, so that more is looked up here. */
const hasTwoTypes = /^(Content-Type: .*\n)(?:.+\n)*?(?!\1)Content-Type: /mu;

/** The keys of Postfix that are not looked up here. */
function missing(theirs: readonly string[], own: readonly string[]): readonly string[] {
  return theirs.filter((key) => !own.includes(key));
}

/** Each line that is looked up is in the log. */
const limits = { loggedLines: Infinity };

suite('content checks and Postfix', { skip: withoutPostfix() }, () => {
  test('the same fields and lines are looked up', async (t) => {
    const ground = Ground.of(t);
    const file = join(ground.directory, 'all');
    // A line of its own for each key, whatever is in it.
    writeFileSync(file, '/^/ INFO END\n');
    const random = numbers(7);
    let unclear = 0;
    for (let exact = 0; exact < 60;) {
      const mail = message(random);
      const all = '/^((.|\\n)*)$/ INFO $1\n';
      const { ask } = checks(t, { type: 'regexp', header: all, mime: all, nested: all, limits });
      const body = checks(t, { type: 'regexp', body: all, limits });
      const own = (await ask(mail)).logged.map((line) => line.replace(/^info \w+: /u, ''));
      const theirs = postmap('-hm', file, mail)
        .join('\n')
        .split('\tINFO END')
        .map((key) => key.replace(/^\n/u, ''))
        .slice(0, -1);
      const ownKeys = own.map((key) => Buffer.from(key).toString('latin1'));
      const isUnclear = hasTwoTypes.test(mail);
      if (isUnclear) {
        unclear++;
        assert.deepEqual(missing(theirs, ownKeys), [], mail);
      } else assert.deepEqual(ownKeys, theirs, mail);
      const ownLines = (await body.ask(mail)).logged.map((line) =>
        Buffer.from(line.replace(/^info \w+: /u, '')).toString('latin1'),
      );
      // The first is the empty line behind the header of the message, which is no line of the body here.
      const [, ...theirLines] = postmap('-bm', file, mail).map((line) => line.replace('\tINFO END', ''));
      if (isUnclear) assert.deepEqual(missing(theirLines, ownLines), [], mail);
      else {
        assert.deepEqual(ownLines, theirLines, mail);
        exact++;
      }
    }
    assert.ok(unclear > 0);
  });

  test('what Postfix looks up of malformed mail is looked up', async (t) => {
    const file = join(Ground.of(t).directory, 'all');
    writeFileSync(file, '/./ FOUND\n');
    const all = '/^((.|\\n)+)$/ INFO $1\n';
    const part = 'Content-Type: a/b; name="a.exe"\n\nMZ\n--b--\n';
    for (const header of [
      'From: a@b\ngarbage\nSubject: make money fast\n',
      ' x\nSubject: make money fast\n folded\n',
      'From a Mon Jan\nSubject: make money fast\n',
      'garbage\nContent-Type: multipart/mixed; boundary=b\n',
      'Content-Type: multipart/mixed; boundary=b\ngarbage\n--b\nX-Part: y\n',
      'Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n',
      'Content-Type: multipart/mixed; boundary=c; boundary=b\n',
      'Content-Type: multipart/mixed; boundary*0="b"\n',
      "Content-Type: multipart/mixed; boundary*=us-ascii''b\n",
    ]) {
      const mail = `${header}\n--b\n${part}`;
      const { ask } = checks(t, { type: 'regexp', header: all, mime: all, nested: all, body: all, limits });
      const own = (await ask(mail)).logged.flatMap((line) => line.replace(/^info \w+: /u, '').split('\n'));
      const theirs = postmap('-bhm', file, mail).map((line) => line.replace(/\tFOUND$/u, ''));
      assert.ok(theirs.length >= 5, mail);
      assert.deepEqual(missing(theirs, own), [], mail);
    }
  });

  test('the same rules match, and groups have matched the same', (t) => {
    const ground = Ground.of(t);
    const file = join(ground.directory, 'rules');
    const random = numbers(11);
    const atoms = [
      'a',
      'b',
      'S',
      '.',
      '[ab]',
      '[^b]',
      '[[:digit:]]',
      '\\.',
      '(a|ab)',
      '(b*)',
      '(a(b)?)',
      '-',
      '1',
    ];
    const times = ['', '', '', '*', '+', '?', '{2}', '{1,2}'];
    const expression = (): string => {
      const parts = Array.from(
        { length: 1 + random(4) },
        () => `${atoms[random(atoms.length)]}${times[random(times.length)]}`,
      );
      return `${random(4) === 0 ? '^' : ''}${parts.join('')}${random(4) === 0 ? '$' : ''}${random(6) === 0 ? '|a1' : ''}`;
    };
    const letters = ['a', 'b', 's', 'A', '.', '-', '1'];
    const lines = Array.from({ length: 200 }, () =>
      Array.from({ length: 1 + random(9) }, () => letters[random(letters.length)]).join(''),
    );
    for (let run = 0; run < 40; run++) {
      const rules = Array.from({ length: 6 }, (_, at) => {
        const source = expression();
        const flags = random(3) === 0 ? 'i' : '';
        const negation = random(5) === 0 ? '!' : '';
        const isGrouped = negation === '' && source.includes('(') && !/\)[*+?{]/u.test(source);
        const rule = `${negation}/${source}/${flags} INFO ${at}${isGrouped ? ' <$1>' : ''}`;
        return random(5) === 0 ? `if /${expression()}/\n${rule}\nendif` : rule;
      }).join('\n');
      writeFileSync(file, `${rules}\n`);
      const table = atOnce(
        checkTableOf(`${rules}\n`, { type: 'regexp', name: 'rules', routes: new Set(), re2: RE2JS }),
      );
      const own = lines.flatMap((line) => {
        const action = table.find(new CheckedLine(line));
        return action === undefined ? [] : [`${line}\t${action.word} ${action.text}`];
      });
      const theirs = execFileSync('/usr/sbin/postmap', ['-q', '-', `regexp:${file}`], {
        input: `${lines.join('\n')}\n`,
        encoding: 'utf8',
      });
      assert.deepEqual(
        own,
        theirs
          .trimEnd()
          .split('\n')
          .filter((line) => line !== ''),
        rules,
      );
    }
  });

  test('the same becomes of mail', async (t) => {
    const ground = Ground.of(t);
    const folder = ground.folder('tables');
    const tables = {
      header: [
        '/^Subject: refused/ REJECT',
        '/^Subject: (bulk)/ REJECT 5.7.28 No $1',
        '/^Subject: later/ REJECT 4.7.1 Not now',
        '/^X-Remove:/ IGNORE',
        '/^X-Strip:/ STRIP gone',
        '/^X-Old: (.*)/ REPLACE X-New: $1',
        '/^X-Here:/ PREPEND X-Before: yes',
        '/^X-Bad:/ REPLACE no field',
        '/^X-Pass/ PASS',
        '/^X-Refused/ REJECT refused field',
      ],
      mime: ['/name=(.*)\\.exe/ REPLACE Content-Disposition: attachment; filename=$1.txt'],
      nested: ['/^Subject: inner/ PREPEND X-Inner: yes', '/^Subject: refused/ REJECT inner'],
      body: [
        '/^remove/ IGNORE',
        '/^replace (.*)/ REPLACE [$1]',
        '/^here/ PREPEND before',
        '/^refuse/ REJECT text',
        '/^drop/ DISCARD',
      ],
    };
    const file = (name: keyof typeof tables): string => join(folder, name);
    for (const name of ['header', 'mime', 'nested', 'body'] as const)
      writeFileSync(file(name), `${tables[name].join('\n')}\n`);
    const [theirs, ours] = [await destination(ground), await destination(ground)];
    const postfix = await startPostfix(ground, 'postfix', {
      main: {
        relayhost: `[127.0.0.1]:${theirs.port}`,
        header_checks: `regexp:${file('header')}`,
        mime_header_checks: `regexp:${file('mime')}`,
        nested_header_checks: `regexp:${file('nested')}`,
        body_checks: `regexp:${file('body')}`,
      },
    });
    const sluice = await startSluice(ground, {
      config: {
        stage: [
          {
            name: 'checks',
            kind: 'content-checks',
            audience: 'everybody',
            header_checks: [`regexp:${file('header')}`],
            mime_header_checks: [`regexp:${file('mime')}`],
            nested_header_checks: [`regexp:${file('nested')}`],
            body_checks: [`regexp:${file('body')}`],
          },
        ],
        route: [{ relay: [`127.0.0.1:${ours.port}`] }],
      },
    });
    const head =
      'Message-ID: <one@a.test>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: <a@a.test>\r\nTo: <b@far.test>\r\n';
    const mails = [
      'Subject: fine\r\n\r\ntext\r\n',
      'Subject: refused\r\n\r\ntext\r\n',
      'Subject: Bulk\r\n\r\ntext\r\n',
      'Subject: later\r\n\r\ntext\r\n',
      'X-Remove: a\r\nX-Strip: b\r\nX-Old: c\r\n d\r\nX-Here: e\r\nX-Bad: f\r\nSubject: fine\r\n\r\nremove\r\nreplace it\r\nhere\r\nrest\r\n',
      'X-Pass: 1\r\nX-Refused: 2\r\n\r\nrefuse\r\n',
      'Subject: fine\r\n\r\nrefuse this\r\n',
      'Subject: fine\r\n\r\ndrop this\r\n',
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; name=x.exe\r\n\r\nreplace part\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhere\r\n--b--\r\n',
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: refused\r\n\r\ntext\r\n--b--\r\n',
    ];
    let accepted = 0;
    for (const mail of mails) {
      const content = head + mail;
      const sent = { from: 'a@a.test', to: ['b@far.test'], content };
      const [their, our] = [
        (await send(postfix.port, sent)).at(-1) ?? '',
        (await send(sluice.port, sent)).at(-1) ?? '',
      ];
      const refusal = (reply: string): string => (reply.startsWith('2') ? '250' : reply.trim().toLowerCase());
      assert.equal(refusal(our), refusal(their), mail);
      if (!our.startsWith('2') || mail.includes('drop')) continue;
      accepted++;
      await until(
        'both have arrived',
        () => theirs.messages.length === accepted && ours.messages.length === accepted,
      );
      const content1 = (at: typeof theirs): string =>
        String(at.messages.at(-1)?.content ?? '').replaceAll(/^Received:.*\r\n(?:[ \t].*\r\n)*/gmu, '');
      assert.equal(content1(ours), content1(theirs), mail);
    }
    assert.equal(accepted, 4);
  });
});
