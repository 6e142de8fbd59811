// Whole sessions with files of plugins, written down from the documentation of qmail-spp: what the client sends, and what it gets, line by line.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Options, withPlugins } from './ground.ts';

interface Golden {
  readonly name: string;
  /** The file smtpplugins. Each plugin may add lines to `$OUT/ran`. */
  readonly control: string;
  readonly options?: Options;
  /** What the client sends, and the reply; with `*` at its end, its beginning. The first is the greeting. */
  readonly session: readonly (readonly [sent: string, reply: string])[];
  readonly ran?: string;
  /** The stored message: sender, recipients, and the fields above its own. */
  readonly stored?: readonly [sender: string, recipients: string, fields: string];
}

const begin = [
  ['', '220 mx.example.org *'],
  ['HELO client.example', '250 mx.example.org*'],
] as const;
const mail = ['MAIL FROM:<a@example.net>', '250 *'] as const;
const rcpt = ['RCPT TO:<b@example.com>', '250 *'] as const;
const message = [
  ['DATA', '354 *'],
  ['Subject: x\r\n\r\nhello\r\n.', '250 *'],
] as const;
const ran = (what: string): string => `:echo ${what} >> "$OUT/ran"`;
const plain = ['a@example.net', 'b@example.com', ''] as const;

const all: readonly Golden[] = [
  {
    name: 'plugins of each section are run in the order of the file, each at its command',
    control: `# first comment\n\n[data]\n${ran('data')}\n\t[rcpt]\n${ran('rcpt1')}\n  # indented comment\n${ran('rcpt2')}  \n\n[connection]\n${ran('connection')}\n[helo]\n${ran('helo')}\n[mail]\n${ran('mail')}\n[rcpt]\n${ran('rcpt3')}\n`,
    session: [...begin, mail, rcpt, ...message],
    ran: 'connection helo mail rcpt1 rcpt2 rcpt3 data',
    stored: plain,
  },
  {
    name: 'the first letter of a section counts, and lines may end with CR LF',
    control: `[cxx]\r\n${ran('c')}\r\n[HELLO]\r\n${ran('h')}\r\n[m]\r\n${ran('m')}\r\n[rset]\r\n${ran('r')}\r\n[d]\r\n${ran('d')}\r\n`,
    session: [...begin, mail, rcpt, ...message],
    ran: 'c h m r d',
    stored: plain,
  },
  {
    name: 'N ends the section for this command alone',
    control: `[mail]\n:echo N\n${ran('no')}\n[rcpt]\n${ran('first')}\n:test "$SMTPRCPTTO" = b@example.com && echo N\n${ran('second')}\n`,
    session: [...begin, mail, rcpt, ['RCPT TO:<c@example.com>', '250 *'], ...message],
    ran: 'first first second',
    stored: ['a@example.net', 'b@example.com c@example.com', ''],
  },
  {
    name: 'A ends the plugins for the session, over messages',
    control: `[mail]\n:echo A\n[rcpt]\n${ran('no')}\n`,
    session: [...begin, mail, rcpt, ...message, mail, rcpt],
    ran: '',
    stored: plain,
  },
  {
    name: 'what a plugin prints after its last letter is not read',
    control: "[mail]\n:printf 'HX-One: 1\\nN\\nHX-Two: 2\\nE550 no\\n'\n",
    session: [...begin, mail, rcpt, ...message],
    stored: ['a@example.net', 'b@example.com', 'X-One: 1'],
  },
  {
    name: 'a refusal has the code and the text of the plugin, and the session goes on',
    control:
      '[rcpt]\n:test "$SMTPRCPTTO" = no@example.com && echo "E511 sorry, no mailbox here by that name (#5.1.1)"\n:test "$SMTPRCPTTO" = later@example.com && echo "E451 try later (#4.3.5)"\n',
    session: [
      ...begin,
      mail,
      ['RCPT TO:<no@example.com>', '511 sorry, no mailbox here by that name (#5.1.1)'],
      ['RCPT TO:<later@example.com>', '451 try later (#4.3.5)'],
      rcpt,
      ...message,
    ],
    stored: plain,
  },
  {
    name: 'lines that were printed before a refusal are lines of the same reply',
    control: "[mail]\n:printf 'P550-we do not know you\\nE550 see https://example.org/\\n'\n",
    session: [
      ...begin,
      ['MAIL FROM:<a@example.net>', '550-we do not know you\r\n550 see https://example.org/'],
    ],
  },
  {
    name: 'several later refusals with one code are one reply, and of others the first counts',
    control: "[helo]\n:printf 'LM550 first\\nLM550 second\\nLM451 third\\n'\n",
    session: [...begin, ['MAIL FROM:<a@example.net>', '550-first\r\n550 second']],
  },
  {
    name: 'a later refusal is said without running plugins, and ends with RSET or the message',
    control: `[mail]\n:test "$SMTPMAILFROM" = a@example.net && echo LR550 not you\n[rcpt]\n${ran('rcpt')}\n`,
    session: [
      ...begin,
      mail,
      ['RCPT TO:<b@example.com>', '550 not you'],
      ['RCPT TO:<c@example.com>', '550 not you'],
      ['RSET', '250 *'],
      ['MAIL FROM:<z@example.net>', '250 *'],
      rcpt,
    ],
    ran: 'rcpt',
  },
  {
    name: 'R says its text and closes, D closes without a word',
    control: '[rcpt]\n:echo R421 too many of you\n',
    session: [
      ...begin,
      mail,
      ['RCPT TO:<b@example.com>', '421 mx.example.org too many of you'],
      ['NOOP', ''],
    ],
  },
  {
    name: 'D closes without a word',
    control: '[data]\n:echo D\n',
    session: [...begin, mail, rcpt, ['DATA', '']],
  },
  {
    name: 'variables are for later plugins, until they are unset',
    control:
      '[connection]\n:echo SCOLOUR=red=1\n[mail]\n:echo "HX-Mail: $COLOUR"; echo UCOLOUR; echo "SMORE=x y"\n[rcpt]\n:echo "HX-Rcpt: ${COLOUR-none} $MORE"\n',
    session: [...begin, mail, rcpt, ...message],
    stored: ['a@example.net', 'b@example.com', 'X-Mail: red=1|X-Rcpt: none x y'],
  },
  {
    name: 'a changed address is what the next plugin and the message get',
    control:
      '[mail]\n:echo Cbounces@example.net\n:echo "HX-From: $SMTPMAILFROM"\n[rcpt]\n:echo Cspam@example.com\n:echo "HX-To: $SMTPRCPTTO"\n[data]\n:echo "HX-Data: $SMTPMAILFROM $SMTPRCPTTO"\n',
    session: [...begin, mail, rcpt, ...message],
    stored: [
      'bounces@example.net',
      'spam@example.com',
      'X-From: bounces@example.net|X-To: spam@example.com|X-Data: bounces@example.net spam@example.com',
    ],
  },
  {
    name: 'the address of the client is judged, and not the one in its place',
    control:
      '[rcpt]\n:test "$SMTPRCPTTO" = out@example.com && echo Cx@elsewhere.example\n:test "$SMTPRCPTTO" = y@elsewhere.example && echo Cin@example.com\n',
    session: [
      ...begin,
      mail,
      ['RCPT TO:<out@example.com>', '250 *'],
      ['RCPT TO:<y@elsewhere.example>', '550 Relaying denied'],
      ...message,
    ],
    stored: ['a@example.net', 'x@elsewhere.example', ''],
  },
  {
    name: 'the counts are those of the transaction, and the command itself is among all',
    control: '[rcpt]\n:echo "$SMTPRCPTCOUNT/$SMTPRCPTCOUNTALL/$SMTPRCPTHOSTSOK" >> "$OUT/ran"\n',
    session: [
      ...begin,
      mail,
      rcpt,
      ['RCPT TO:<c@elsewhere.example>', '550 *'],
      ['RCPT TO:<d@example.com>', '250 *'],
      ['RSET', '250 *'],
      mail,
      rcpt,
    ],
    ran: '0/1/1 1/2/0 1/3/1 0/1/1',
  },
  {
    name: 'every domain is allowed for a client that may relay',
    control: '[rcpt]\n:echo "$SMTPRCPTHOSTSOK${RELAYCLIENT+relay}" >> "$OUT/ran"\n',
    options: { mayRelay: true },
    session: [...begin, mail, ['RCPT TO:<c@elsewhere.example>', '250 *']],
    ran: '1relay',
  },
  {
    name: 'with NOSPP, nothing is run',
    control: `[connection]\n${ran('no')}\n[mail]\n:echo E550 no\n`,
    options: { environment: { NOSPP: '' } },
    session: [...begin, mail, rcpt, ...message],
    ran: '',
    stored: plain,
  },
  ...[0, 1, 3, 99, 100, 111, 119, 121, 255].map((exit) => ({
    name: `the exit code ${exit} means nothing`,
    control: `[mail]\n:echo HX-Exit: ${exit}; exit ${exit}\n[rcpt]\n:exit ${exit}\n`,
    session: [...begin, mail, rcpt, ...message],
    stored: ['a@example.net', 'b@example.com', `X-Exit: ${exit}`] as const,
  })),
  {
    name: 'the exit code 120 is a failure, whatever was printed',
    control: '[mail]\n:echo E550 no; exit 120\n',
    session: [...begin, ['MAIL FROM:<a@example.net>', '451 A check of this server failed, try again later']],
  },
  {
    name: 'a command that failed leaves nothing behind, and what was said before stays',
    control:
      '[helo]\n:echo "HX-Helo: 1"; echo LD550 not you\n[mail]\n:echo "HX-Mail: 1"; echo SM=1; echo Cq@example.net\n:test -e "$OUT/ran" || { touch "$OUT/ran"; exit 120; }\n[rcpt]\n:echo "HX-Rcpt: ${M-none}"\n',
    session: [...begin, ['MAIL FROM:<a@example.net>', '451 *'], mail, rcpt, ['DATA', '550 not you']],
  },
  {
    name: 'fields are there once, also when a command was given again after a failure',
    control:
      '[helo]\n:echo "HX-Helo: 1"\n[mail]\n:echo "HX-Mail: 1"; echo SM=1\n:test -e "$OUT/mark" || { touch "$OUT/mark"; exit 120; }\n[rcpt]\n:echo "HX-Rcpt: ${M-none}"\n',
    session: [...begin, ['MAIL FROM:<a@example.net>', '451 *'], mail, rcpt, ...message],
    stored: ['a@example.net', 'b@example.com', 'X-Helo: 1|X-Mail: 1|X-Rcpt: 1'],
  },
];

for (const { name, control, options, session, ran: runs, stored } of all) {
  test(name, async (t) => {
    const { fixture, folder } = await withPlugins(t, control, options);
    const client = await fixture.client();
    for (const [sent, expected] of session) {
      const reply = sent === '' ? await client.reply() : await client.ask(`${sent}\r\n`);
      const isAlike = expected.endsWith('*') ? reply.startsWith(expected.slice(0, -1)) : reply === expected;
      assert.ok(isAlike, `${sent}\ngets     ${reply}\nexpected ${expected}`);
    }
    if (runs !== undefined) {
      const file = join(folder, 'ran');
      const found = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').join(' ') : '';
      assert.equal(found, runs);
    }
    const [kept] = fixture.spool.kept;
    const { reversePath, recipients = [] } = kept?.envelope ?? {};
    const [, fields = ''] =
      /^Received: .*\r\n(?:[ \t].*\r\n)*([^]*)Subject: x\r\n/.exec(kept?.content ?? '') ?? [];
    const found = [
      reversePath,
      recipients.map(({ address }) => address).join(' '),
      fields.trimEnd().replaceAll('\r\n', '|'),
    ];
    assert.deepEqual(kept === undefined ? undefined : found, stored && [...stored]);
  });
}

test('a plugin is a path from the home folder, and is not searched for in PATH', async (t) => {
  const { fixture, folder, write } = await withPlugins(t, '');
  for (const [name, path] of [
    ['checkuser', 'checkuser'],
    ['true', 'true'],
    ['./dotted', './dotted'],
    ['absolute', join(folder, 'absolute')],
  ] as const) {
    writeFileSync(join(folder, name), '#!/bin/sh\necho "E550 by $0"\n', { mode: 0o755 });
    write(`[connection]\n${path}\n`);
    const client = await fixture.client();
    assert.match(await client.reply(), /^554 by /, path);
  }
});
