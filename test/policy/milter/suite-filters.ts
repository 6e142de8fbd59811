// What the filters of the suite of go-milter do, as scripts: CASES.md of the suite tells it in words.

import {
  type Answers,
  goOnPacket,
  type Heard,
  type MilterScript,
  type MilterTalk,
  number,
  packet,
} from './scripted-milter.ts';

type Filter = (heard: Heard, talk: MilterTalk) => Answers;

const add = (name: string, value = 'Test'): Buffer => packet('h', `${name}\0${value}\0`);
const insert = (index: number, name: string): Buffer => packet('i', number(index), `${name}\0Test\0`);
const change = (name: string, value: string): Buffer => packet('m', number(1), `${name}\0${value}\0`);
const reply = (text: string): Answers => [packet('y', `${text}\0`)];

/** Of the sender of the present message. */
function local(talk: MilterTalk): string {
  return /^<([^@>]*)/.exec(talk.last('M')[0] ?? '')?.[1] ?? '';
}

/** What the milter has heard since the last MAIL. */
function ofMessage(talk: MilterTalk, letter: string): readonly (readonly string[])[] {
  const from = talk.heard.findLastIndex((each) => each.letter === 'M');
  return talk.heard
    .slice(from)
    .filter((each) => each.letter === letter)
    .map(({ texts }) => texts);
}

/** How many fields of the message as it leaves are above this one: our own Received field, and those that the milter has seen. */
function above(talk: MilterTalk, name: string): number {
  return 1 + ofMessage(talk, 'L').findIndex(([each]) => each === name);
}

const headers: Readonly<Record<string, (talk: MilterTalk) => Answers>> = {
  add: () => [add('X-ADD1'), add('X-ADD2')],
  'add-first': () => [insert(1, 'X-First1'), insert(2, 'X-First2')],
  'add-middle': (talk) => {
    const at = above(talk, 'Subject');
    return [insert(at, 'X-Middle1'), insert(at + 1, 'X-Middle2')];
  },
  subject: () => [change('Subject', 'changed')],
  del: () => [change('Subject', '')],
  multi: (talk) => [
    insert(1, 'X-First1'),
    insert(2, 'X-First2'),
    change('Subject', ''),
    // Two fields more are above it, and one less.
    insert(above(talk, 'Date') + 1, 'X-Before-DATE'),
    add('X-ADD1'),
    add('X-ADD2'),
  ],
  multiline: () => [add('X-MultiLine', 'Line1\n\tLine2\n\tLine3')],
  'change-to': () => [change('To', '<to@example.com>,\n <to@example.org>')],
};

const senders: Readonly<Record<string, Answers>> = {
  'temp-fail': [packet('t')],
  reject: [packet('r')],
  discard: [packet('d')],
  custom: reply('555 5.0.0 custom'),
  quarantine: [packet('q', 'test\0'), goOnPacket],
};

const filters: Readonly<Record<string, Filter>> = {
  header: ({ letter }, talk) => [...(letter === 'E' ? (headers[local(talk)]?.(talk) ?? []) : []), goOnPacket],
  body: ({ letter }, talk) => {
    if (letter !== 'E') return [goOnPacket];
    const body = ofMessage(talk, 'B').flat().join('');
    return [packet('b', `${body}two\r\n`), goOnPacket];
  },
  'mail-from': ({ letter }, talk) => {
    if (letter === 'M') return senders[local(talk)] ?? [goOnPacket];
    if (letter !== 'E' || local(talk) !== 'change') return [goOnPacket];
    return [packet('e', '<another@example.com>\0'), goOnPacket];
  },
  'rcpt-to': ({ letter, texts }, talk) => {
    if (letter === 'R') {
      if (texts[0]?.startsWith('<reject-one@') === true) return [packet('r')];
      return [texts[0]?.startsWith('<discard-one@') === true ? packet('d') : goOnPacket];
    }
    const locals = new Set(
      ofMessage(talk, 'R').map(([address = '']) => address.slice(1, address.indexOf('@'))),
    );
    if (letter === 'T')
      return Object.entries(senders).find(([each]) => locals.has(each))?.[1] ?? [goOnPacket];
    if (letter !== 'E') return [goOnPacket];
    const edits: Buffer[] = [];
    if (locals.has('change')) edits.push(packet('-', '<change@example.com>\0'));
    if (locals.has('change') || locals.has('add')) edits.push(packet('+', '<another@example.com>\0'));
    return [...edits, goOnPacket];
  },
  milter: ({ letter, texts }, talk) => {
    if (letter === 'R' && texts[0] === '<other-spammer@example.com>') return reply('550 5.7.1 not here');
    if (letter !== 'E' || local(talk) !== 'reject-me') return [goOnPacket];
    return reply('550-5.7.1 We do not like you\r\n550 5.7.1 very much, please go away');
  },
  auth: ({ letter }, talk) => {
    if (letter !== 'M') return [goOnPacket];
    if (talk.macro('{tls_version}') === undefined) return reply('500 No starttls');
    return reply(talk.macro('{auth_authen}') === 'user1@example.com' ? '502 Ok' : '501 No authentication');
  },
  macro: ({ letter }, talk) =>
    letter === 'M' && talk.macro('j') === undefined ? reply('500 no macro j') : [goOnPacket],
};

/** @param folder - of the suite */
export function suiteScript(folder: string): MilterScript {
  const filter = filters[folder];
  if (filter === undefined)
    throw new Error(`the suite has cases for a filter that nobody has written: ${folder}`);
  return { answer: (heard, talk) => filter(heard, talk) };
}
