// Signatures: all canonicalizations and both algorithms over shapes of messages, and then what breaks them, in the message, in the
// signature and in the key that is published.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { ZoneName } from '../../../sim/dns/zone.ts';
import { recordOf, signMessage } from '../../dkim/support.ts';
import { type Corpus, type CorpusMessage, unknownClient } from './case.ts';
import { type Field, handMade, type HandMade } from './hand-made.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
const tiny = generateKeyPairSync('rsa', { modulusLength: 768 });
const big = generateKeyPairSync('rsa', { modulusLength: 4096 });
const ed = generateKeyPairSync('ed25519');

const head = 'From: Joe <joe@signed.test>\r\nTo: a@far.test\r\nSubject: x\r\n';
const shapes: Readonly<Record<string, string>> = {
  plain: `${head}\r\nHello.\r\n`,
  'an empty body': `${head}\r\n`,
  'a body of empty lines': `${head}\r\n\r\n\r\n\r\n`,
  'blanks at the end': `${head}\r\nHello \t \r\n \r\n\t\r\n\r\n`,
  'runs of blanks': `${head}\r\n a  b\t\tc \t d\r\n`,
  '8-bit bytes': `${head}\r\nGr\u00fc\u00dfe \u00ff\u0080 aus K\u00f6ln\r\n`,
  'folded fields':
    'From:\r\n Joe\r\n\t<joe@signed.test>\r\nSUBJECT:one\r\n  two\t three \r\nto: \t a@far.test\r\nList-Id:\r\n value\r\n\r\nHello\r\n',
  'fields twice': `Subject: first\r\n${head}To: other@far.test\r\n\r\nHello\r\n`,
  'long lines': `${head}X-Long: ${'x'.repeat(900)}\r\n\r\n${'long line '.repeat(99)}\r\n`,
  'dots at the beginning of lines': `${head}\r\n.\r\n..\r\n.a\r\n`,
  'many lines': `${head}\r\n${'The quick brown fox.  \r\n'.repeat(500)}`,
  'parts of MIME': `${head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>two</b>\r\n--b--\r\n`,
};

const canonicalizations = ['simple', 'relaxed'] as const;
const nowSeconds = Math.floor(Date.now() / 1000);

const message = (name: string, content: string): CorpusMessage => ({
  name: `dkim: ${name}`,
  content,
  ...unknownClient,
});

function signed(
  shape: string,
  key: KeyObject,
  selector: string,
  header: 'simple' | 'relaxed',
  body: 'simple' | 'relaxed',
) {
  const form = {
    domain: 'signed.test',
    selector,
    headerCanonicalization: header,
    bodyCanonicalization: body,
  };
  return signMessage(Buffer.from(shape, 'latin1'), key, form, nowSeconds - 10).toString('latin1');
}

/** Every shape in every form; and with a byte of its body, its Subject, or its signature changed. */
function wellMade(): CorpusMessage[] {
  const messages: CorpusMessage[] = [];
  for (const header of canonicalizations)
    for (const body of canonicalizations)
      for (const [selector, key] of [
        ['rsa', rsa.privateKey],
        ['ed', ed.privateKey],
      ] as const)
        for (const [name, shape] of Object.entries(shapes)) {
          const what = `${header}/${body}, ${selector}, ${name}`;
          const content = signed(shape, key, selector, header, body);
          messages.push(message(what, content));
          if (name !== 'plain') continue;
          messages.push(
            message(`${what}, another body`, content.replace('Hello.', 'Hello!')),
            message(`${what}, one more line`, `${content}more\r\n`),
            message(`${what}, empty lines at the end`, `${content}\r\n\r\n`),
            message(`${what}, a blank in a line`, content.replace('Hello.', 'Hello. ')),
            message(`${what}, another Subject`, content.replace('Subject: x', 'Subject: y')),
            message(`${what}, a second Subject on top`, `Subject: y\r\n${content}`),
            message(`${what}, a second From on top`, `From: evil@far.test\r\n${content}`),
            message(`${what}, a Subject folded anew`, content.replace('Subject: x', 'Subject:\r\n  x')),
            message(
              `${what}, another signature`,
              content.replace(/ b=\r\n {2}(.)/, (_, c) => ` b=\r\n  ${c === 'A' ? 'B' : 'A'}`),
            ),
          );
        }
  return messages;
}

const fields: readonly Field[] = [
  ['From', 'joe@signed.test'],
  ['To', 'a@far.test'],
  ['Subject', 'x'],
];
const base = { fields, body: 'Hello\r\n', key: rsa.privateKey };
const made = (tags: HandMade['tags'], rest: Partial<HandMade> = {}): string =>
  handMade({ ...base, ...rest, tags: { d: 'signed.test', s: 'rsa', ...tags } });

/** Signatures with odd tags, each over just these tags. */
function oddTags(): CorpusMessage[] {
  const later = String(nowSeconds + 3600);
  const before = String(nowSeconds - 7200);
  const hour = String(nowSeconds - 3600);
  return [
    message('x= is later', made({ t: before, x: later })),
    message('x= is over', made({ t: before, x: hour })),
    message('x= is before t=', made({ t: later, x: before })),
    message('t= is no number', made({ t: 'now' })),
    message('i= is the domain', made({ i: '@signed.test' })),
    message('i= is below the domain', made({ i: 'joe@sub.signed.test' })),
    message('i= is another domain', made({ i: 'joe@other.test' })),
    message('i= is above the domain', made({ d: 'sub.signed.test', s: 'rsa', i: '@signed.test' })),
    message('h= has no From', made({ h: 'to:subject' })),
    message('h= is empty', made({ h: '' })),
    message('h= is missing', made({ h: undefined })),
    message('h= names fields that are not there', made({ h: 'from:to:subject:cc:from:from' })),
    message('h= in upper case with blanks', made({ h: 'FROM : To : SUBJECT' })),
    message('v= is missing', made({ v: undefined })),
    message('v=2', made({ v: '2' })),
    message('a= is missing', made({ a: undefined })),
    message('a=rsa-sha1', made({ a: 'rsa-sha1' })),
    message('a=rsa-sha512', made({ a: 'rsa-sha512' })),
    message('a= is the algorithm of another key', made({ a: 'ed25519-sha256' })),
    message('bh= is missing', made({ bh: undefined })),
    message('bh= is empty', made({ bh: '' })),
    message('bh= is no base64', made({ bh: '!!!' })),
    message('b= is empty', made({ b: '' })),
    message('b= is no base64', made({ b: '!!!' })),
    message('c= has one word', made({ c: 'relaxed' }, { body: 'Hello\r\n' })),
    message('c= is unknown', made({ c: 'loose/loose' })),
    message('d= is missing', made({ d: undefined })),
    message('s= is missing', made({ s: undefined })),
    message('q=dns/txt', made({ q: 'dns/txt' })),
    message('q=other', made({ q: 'other' })),
    message('an unknown tag', made({ zz: 'x' })),
    message('l= covers the body', made({ l: '7' })),
    message('l= covers a part', made({ l: '7' }).concat('more\r\n')),
    message('l= is longer than the body', made({ l: '1000' })),
    message('z= with fields', made({ z: 'From:joe@signed.test|Subject:x' })),
    message('a tag twice', made({}).replace('a=rsa-sha256; ', 'a=rsa-sha256; a=rsa-sha256; ')),
    message('no tags at all', `DKIM-Signature: hello\r\n${head}\r\nHello\r\n`),
    message('an empty field', `DKIM-Signature:\r\n${head}\r\nHello\r\n`),
  ];
}

/** Keys as they may be published. */
function oddKeys(): { readonly messages: CorpusMessage[]; readonly zone: Record<string, ZoneName> } {
  const good = recordOf(rsa.publicKey);
  const p = good.replace(/^.*p=/, '');
  const keys: readonly (readonly [
    name: string,
    published: ZoneName | undefined,
    options?: Partial<HandMade>,
  ])[] = [
    ['gone', undefined],
    ['fault', { behaviour: 'servfail' }],
    ['revoked', { txt: ['v=DKIM1; k=rsa; p='] }],
    ['empty', { txt: [''] }],
    ['words', { txt: ['hello'] }],
    ['only-p', { txt: [`p=${p}`] }],
    ['blanks', { txt: [` v = DKIM1 ; k = rsa ;  p = ${p.slice(0, 50)} ${p.slice(50)} ; `] }],
    ['version-last', { txt: [`k=rsa; p=${p}; v=DKIM1`] }],
    ['version-two', { txt: [`v=DKIM2; p=${p}`] }],
    ['notes', { txt: [`v=DKIM1; n=a note; k=rsa; zz=x; p=${p}`] }],
    ['testing', { txt: [`v=DKIM1; t=y; p=${p}`] }],
    ['strict', { txt: [`v=DKIM1; t=s; p=${p}`] }],
    ['sha1-only', { txt: [`v=DKIM1; h=sha1; p=${p}`] }],
    ['sha256-only', { txt: [`v=DKIM1; h=sha1:sha256; p=${p}`] }],
    ['for-email', { txt: [`v=DKIM1; s=email; p=${p}`] }],
    ['for-all', { txt: [`v=DKIM1; s=*; p=${p}`] }],
    ['for-other', { txt: [`v=DKIM1; s=other; p=${p}`] }],
    ['other-kind', { txt: [`v=DKIM1; k=ed25519; p=${p}`] }],
    ['unknown-kind', { txt: [`v=DKIM1; k=dsa; p=${p}`] }],
    ['other-key', { txt: [recordOf(small.publicKey)] }],
    ['broken-key', { txt: ['v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'] }],
    ['no-base64', { txt: ['v=DKIM1; k=rsa; p=!!!'] }],
    ['small', { txt: [recordOf(small.publicKey)] }, { key: small.privateKey }],
    ['tiny', { txt: [recordOf(tiny.publicKey)] }, { key: tiny.privateKey }],
    ['big', { txt: [recordOf(big.publicKey)] }, { key: big.privateKey }],
    ['two-records', { txt: ['hello', good] }],
    ['alias', { cname: 'rsa._domainkey.signed.test' }],
  ];
  return {
    messages: keys.map(([selector, , options]) => message(`key ${selector}`, made({ s: selector }, options))),
    zone: Object.fromEntries(
      keys.flatMap(([selector, published]) =>
        published === undefined ? [] : [[`${selector}._domainkey.signed.test`, published] as const],
      ),
    ),
  };
}

function several(): CorpusMessage[] {
  const plain = `${head}\r\nHello.\r\n`;
  const one = signed(plain, rsa.privateKey, 'rsa', 'relaxed', 'relaxed');
  const two = signed(one, ed.privateKey, 'ed', 'relaxed', 'simple');
  const field = made({}).split('\r\n', 1)[0] ?? '';
  return [
    message('two signatures', two),
    message('two signatures, one broken', two.replace('s=ed;', 's=gone;')),
    message('two signatures and another body', two.replace('Hello.', 'Hello!')),
    message('three signatures', `${field}\r\n${two}`),
    message('twenty signatures', `${`${field}\r\n`.repeat(20)}${made({})}`),
    message('a strict key and a domain below', made({ s: 'strict', i: '@sub.signed.test' })),
    message('no signature', plain),
  ];
}

export function dkimCorpus(): Corpus {
  const odd = oddKeys();
  return {
    messages: [...wellMade(), ...oddTags(), ...odd.messages, ...several()],
    zone: {
      ...odd.zone,
      'rsa._domainkey.signed.test': { txt: [recordOf(rsa.publicKey)] },
      'ed._domainkey.signed.test': { txt: [recordOf(ed.publicKey)] },
      'rsa._domainkey.sub.signed.test': { txt: [recordOf(rsa.publicKey)] },
    },
  };
}
