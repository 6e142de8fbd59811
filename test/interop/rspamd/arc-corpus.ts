// ARC chains of one set and of more (RFC 8617), and what breaks them.

import { generateKeyPairSync } from 'node:crypto';
import type { ZoneName } from '../../../sim/dns/zone.ts';
import { recordOf } from '../../dkim/support.ts';
import { type Corpus, type CorpusMessage, unknownClient } from './case.ts';
import { canonical, type Field, sha256, shown, signedText } from './hand-made.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const sealer = 'lists.test';
const zone: Record<string, ZoneName> = {
  [`s._domainkey.${sealer}`]: { txt: [recordOf(key.publicKey)] },
  [`other._domainkey.${sealer}`]: { txt: [recordOf(other.publicKey)] },
  [`fault._domainkey.${sealer}`]: { behaviour: 'servfail' },
};

interface SetOptions {
  readonly i?: string;
  readonly cv?: string;
  readonly selector?: string;
  readonly h?: string;
  readonly amsTags?: string;
  readonly sealTags?: string;
}

const names = {
  aar: 'ARC-Authentication-Results',
  ams: 'ARC-Message-Signature',
  seal: 'ARC-Seal',
} as const;

/** Puts the next set on top of a message, whose sets are the first fields. */
function seal(fields: readonly Field[], body: string, options: SetOptions = {}): Field[] {
  const sets = fields.filter(([name]) => name === names.seal).length;
  const i = options.i ?? String(sets + 1);
  const {
    cv = sets === 0 ? 'none' : 'pass',
    selector = 's',
    h = 'from:subject',
    amsTags = '',
    sealTags = '',
  } = options;
  const aar: Field = [names.aar, `i=${i}; ${sealer}; dmarc=pass header.from=signed.test`];
  const amsText = `i=${i}; a=rsa-sha256; c=relaxed/relaxed; d=${sealer}; s=${selector}; h=${h}; ${amsTags}bh=${sha256(body)}; b=`;
  const covered = canonical(fields, h.split(':'));
  const ams: Field = [
    names.ams,
    amsText + signedText(`${covered}arc-message-signature:${amsText}`, key.privateKey),
  ];
  const before = fields
    .filter(([name]) => name.startsWith('ARC-'))
    .map(([name, value]) => `${name.toLowerCase()}:${value}\r\n`);
  // In the order of the instances, each as results, signature, seal; on top of the message they are the other way round.
  const chain = before.toReversed().join('');
  const own = `${names.aar.toLowerCase()}:${aar[1]}\r\n${names.ams.toLowerCase()}:${ams[1]}\r\n`;
  const sealText = `i=${i}; a=rsa-sha256; cv=${cv}; d=${sealer}; s=${selector}; ${sealTags}b=`;
  const sealValue = sealText + signedText(`${chain}${own}arc-seal:${sealText}`, key.privateKey);
  return [[names.seal, sealValue], ams, aar, ...fields];
}

const body = 'Hello\r\n';
const plain: readonly Field[] = [
  ['From', 'joe@signed.test'],
  ['Subject', 'x'],
];

function message(name: string, fields: readonly Field[], content = body): CorpusMessage {
  return { name: `arc: ${name}`, content: `${shown(fields)}\r\n${content}`, ...unknownClient };
}

const without = (fields: readonly Field[], name: string, which = 0): Field[] => {
  let seen = 0;
  return fields.filter(([own]) => own !== name || seen++ !== which);
};

const changed = (fields: readonly Field[], name: string, from: string | RegExp, to: string): Field[] =>
  fields.map(([own, value]): Field => [own, own === name ? value.replace(from, to) : value]);

export function arcCorpus(): Corpus {
  const one = seal(plain, body);
  const two = seal(one, body);
  const three = seal(two, body);
  const many = Array.from({ length: 10 }).reduce<readonly Field[]>((fields) => seal(fields, body), plain);
  return {
    zone,
    messages: [
      message('one set', one),
      message('two sets', two),
      message('three sets', three),
      message('ten sets', many),
      message('another body after one', one, 'Changed\r\n'),
      message('another body after two', two, 'Changed\r\n'),
      message('changed between the sets', seal(one, 'Changed\r\n'), 'Changed\r\n'),
      message('another Subject', changed(two, 'Subject', 'x', 'y')),
      message('other results in the last set', changed(one, names.aar, 'pass', 'fail')),
      message('another seal', changed(one, names.seal, /b=./, 'b=A')),
      message('the first set says pass', seal(plain, body, { cv: 'pass' })),
      message('the second set says none', seal(one, body, { cv: 'none' })),
      message('the second set says fail', seal(one, body, { cv: 'fail' })),
      message('an instance is left out', seal(one, body, { i: '3' })),
      message('an instance twice', seal(one, body, { i: '1' })),
      message('instance zero', seal(plain, body, { i: '0' })),
      message('instance that is no number', seal(plain, body, { i: 'x' })),
      message('no seal in the last set', without(two, names.seal)),
      message('no seal in the first set', without(two, names.seal, 1)),
      message('no signature in the last set', without(two, names.ams)),
      message('no signature in the first set', without(two, names.ams, 1)),
      message('no results in the last set', without(two, names.aar)),
      message('no results in the first set', without(two, names.aar, 1)),
      message('a key of somebody else', seal(plain, body, { selector: 'other' })),
      message('a key that is not published', seal(plain, body, { selector: 'gone' })),
      message('a key that cannot be looked up', seal(plain, body, { selector: 'fault' })),
      message('a seal with h=', seal(plain, body, { sealTags: 'h=from; ' })),
      message('a signature that covers the seals', seal(one, body, { h: 'from:arc-seal' })),
      message('a signature with x=', seal(plain, body, { amsTags: 'x=1; ' })),
      message('the seal alone', [one[0]!, ...plain]),
    ],
  };
}
