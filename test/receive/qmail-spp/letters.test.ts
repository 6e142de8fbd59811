// What each letter does at each command of a client, written down from the documentation of qmail-spp: the codes of all replies of a session, whether
// the next plugin of the section was run, and what is stored.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { withPlugins } from './ground.ts';

/** In their order in the session; AUTH is given in the sessions of its own row alone. */
const sections = ['connection', 'helo', 'auth', 'mail', 'rcpt', 'data'] as const;
type Section = (typeof sections)[number];

/** Codes; then `+` when the next plugin was run, `-` when it was not; then what is stored, when that is not as usual. */
type Row = Readonly<Record<Section, string>>;

const login = `AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}`;

/** example.com is a domain of the receiver, and elsewhere.example is none. */
const session = [
  'EHLO client.example',
  'AUTH',
  'MAIL FROM:<a@example.net>',
  'RCPT TO:<b@example.com>',
  'RCPT TO:<c@elsewhere.example>',
  'DATA',
] as const;

const usual = '220 250 250 250 550 354 250';
/** Who has logged in may relay. */
const usualAuth = '220 250 235 250 250 250 354 250';

function same(what: string): Row {
  return everywhere(`${usual} ${what}`, `${usualAuth} ${what}`);
}

function everywhere(codes: string, auth: string): Row {
  return { connection: codes, helo: codes, auth, mail: codes, rcpt: codes, data: codes };
}

/** A refusal by this code, or 554 at the connection (RFC 5321 3.1). */
function refused(code: number, first = String(code)): Row {
  return {
    connection: `${first} -`,
    helo: `220 ${code} 503 503 503 503 -`,
    auth: `220 250 ${code} 250 250 550 354 250 - a@example.net > b@example.com`,
    mail: `220 250 ${code} 503 503 503 -`,
    rcpt: `220 250 250 ${code} ${code} 554 -`,
    data: `220 250 250 250 550 ${code} -`,
  };
}

/** The connection is closed, perhaps after a reply. */
function closed(reply: string): Row {
  return {
    connection: `${reply}-`,
    helo: `220 ${reply}-`,
    auth: `220 250 ${reply}-`,
    mail: `220 250 ${reply}-`,
    rcpt: `220 250 250 ${reply}-`,
    data: `220 250 250 250 550 ${reply}-`,
  };
}

const failed = refused(451, '421');

const rows: readonly (readonly [lines: string, row: Row])[] = [
  ['', same('+')],
  ['A', same('-')],
  ['A with an argument', same('-')],
  ['N', same('-')],
  [
    'O',
    { ...same('-'), rcpt: '220 250 250 250 250 354 250 - a@example.net > b@example.com c@elsewhere.example' },
  ],
  ['E550 no such user (#5.1.1)', refused(550, '554')],
  ['E550', refused(550, '554')],
  ['E450 later', refused(450, '421')],
  ['P550-see the page\nE550 of rules', refused(550, '554')],
  ['E550 first\nE551 second\nA', refused(550, '554')],
  ['R421 bye', closed('421 ')],
  ['R550 go away', { ...closed('550 '), connection: '554 -' }],
  ['D', closed('')],
  ['D with an argument', closed('')],
  [
    'LM550 bad sender',
    {
      ...same('+'),
      connection: '220 250 550 503 503 503 +',
      helo: '220 250 550 503 503 503 +',
      auth: '220 250 235 550 503 503 503 +',
    },
  ],
  [
    'LR551 bad recipient',
    {
      connection: '220 250 250 551 551 554 +',
      helo: '220 250 250 551 551 554 +',
      auth: '220 250 235 250 551 551 554 +',
      mail: '220 250 250 551 551 554 +',
      rcpt: '220 250 250 250 551 354 250 +',
      data: `${usual} +`,
    },
  ],
  [
    'LD552 bad message',
    {
      ...everywhere('220 250 250 250 550 552 +', '220 250 235 250 250 250 552 +'),
      data: `${usual} +`,
    },
  ],
  ['SCOLOUR=red', same('+')],
  ['SCOLOUR=', same('+')],
  ['UCOLOUR', same('+')],
  [
    'SRELAYCLIENT=',
    {
      ...everywhere(
        '220 250 250 250 250 354 250 + a@example.net > b@example.com c@elsewhere.example',
        `${usualAuth} +`,
      ),
      data: `${usual} +`,
    },
  ],
  ['URELAYCLIENT', { ...same('+'), auth: '220 250 235 250 250 550 354 250 + a@example.net > b@example.com' }],
  [
    'HX-Plugin: yes',
    {
      ...everywhere(
        `${usual} + a@example.net > b@example.com X-Plugin: yes`,
        `${usualAuth} + a@example.net > b@example.com c@elsewhere.example X-Plugin: yes`,
      ),
      // It is run for the recipient that is refused, too, as by qmail.
      rcpt: `${usual} + a@example.net > b@example.com X-Plugin: yes X-Plugin: yes`,
    },
  ],
  ['HX-Empty:', same('+')],
  [
    'Cd@example.com',
    {
      ...same('+'),
      mail: `${usual} + d@example.com > b@example.com`,
      rcpt: `${usual} + a@example.net > d@example.com`,
    },
  ],
  [
    'Cd@elsewhere.example',
    {
      ...same('+'),
      mail: `${usual} + d@elsewhere.example > b@example.com`,
      // The address of the client is one of ours: a plugin may send its mail on.
      rcpt: `${usual} + a@example.net > d@elsewhere.example`,
    },
  ],
  [
    'C<d@example.com>',
    {
      ...same('+'),
      mail: `${usual} + d@example.com > b@example.com`,
      rcpt: `${usual} + a@example.net > d@example.com`,
    },
  ],
  ['P250-hello', same('+')],
  ['P250 hello\nN', same('-')],
  ['nonsense', same('+')],
  ['e550 no letter', same('+')],
  ['X550 no letter', same('+')],
  [' E550 no letter', same('+')],
  ['L', same('+')],
  ['LX550 no command', same('+')],
  // What nobody can understand is a failure, and no permission.
  ['E250 no refusal', failed],
  ['Eno code', failed],
  ['R', failed],
  ['LM200 no refusal', failed],
  ['S', failed],
  ['Sno', failed],
  ['SA-B=1', failed],
  ['U', failed],
  ['UA=1', failed],
  ['Hno field', failed],
  ['HX Y: no field', failed],
  ['C', { ...same('+'), mail: `${usual} +  > b@example.com`, rcpt: failed.rcpt.replace(/.$/, '+') }],
  [
    'Cno address',
    { ...same('+'), mail: failed.mail.replace(/.$/, '+'), rcpt: failed.rcpt.replace(/.$/, '+') },
  ],
];

async function held(t: TestContext, section: Section, line: string): Promise<string> {
  const program = `:printf '%s\\n' '${line.replaceAll('\n', "' '")}'`;
  const control = `[${section}]\n${line === '' ? ':true' : program}\n:touch "$OUT/next"\n`;
  const { fixture, folder } = await withPlugins(t, control, { auth: true });
  const client = await fixture.client();
  const replies = [await client.reply()];
  for (const command of session) {
    if (command === 'AUTH' && section !== 'auth') continue;
    replies.push(await client.ask(`${command === 'AUTH' ? login : command}\r\n`));
  }
  if (replies.at(-1)?.startsWith('354') === true)
    replies.push(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'));
  const [kept] = fixture.spool.kept;
  const { reversePath = '', recipients = [] } = kept?.envelope ?? {};
  const own = kept?.content.match(/^X-Plugin: \w+/gm) ?? [];
  const stored =
    kept === undefined ? [] : [reversePath, '>', ...recipients.map(({ address }) => address), ...own];
  const isUsual =
    stored.join(' ') === `a@example.net > b@example.com${section === 'auth' ? ' c@elsewhere.example' : ''}`;
  const codes = replies.filter((reply) => reply !== '').map((reply) => reply.slice(0, 3));
  const mark = existsSync(join(folder, 'next')) ? '+' : '-';
  client.socket.destroy();
  return [...codes, mark, ...(isUsual ? [] : stored)].join(' ');
}

for (const [line, row] of rows) {
  test(`a plugin prints ${JSON.stringify(line)}`, async (t) => {
    const found: Record<string, string> = {};
    for (const section of sections) found[section] = await held(t, section, line);
    assert.deepEqual(found, row);
  });
}
