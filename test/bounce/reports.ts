// Whole reports for golden tests, and a strict reader of their MIME structure.

import assert from 'node:assert/strict';
import type { Peer } from '../../src/message/refusal.ts';
import { broken, said } from '../refusals.ts';
import { french } from '../../src/bounce/texts/french.ts';
import { german } from '../../src/bounce/texts/german.ts';
import type { DsnOptions } from '../../src/bounce/build-dsn.ts';

const mx1: Peer = { host: 'mx1.example.com', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } };

const noon = Date.UTC(2026, 10, 22, 12);

export const base: DsnOptions = {
  reportingMta: 'mx.example.org',
  queueId: '3fGk2Q',
  arrivalMs: noon - 90_000,
  nowMs: noon,
  sender: 'alice@example.org',
  recipients: [
    {
      address: 'bob@example.com',
      action: 'failed',
      status: '5.1.1',
      refusal: said('550 5.1.1 <bob@example.com>: no such user here', 'RCPT', mx1),
      lastAttemptMs: noon - 1000,
    },
  ],
  original: {
    kind: 'full',
    content: [
      Buffer.from('From: Alice <alice@example.org>\r\nTo: bob@example.com\r\n'),
      Buffer.from('Subject: lunch\r\n\r\nAt noon?\r\n.\r\n'),
    ],
  },
  from: 'MAILER-DAEMON@mx.example.org',
  boundary: '=_3fGk2R_mx.example.org',
  messageId: '3fGk2R@mx.example.org',
};

/** Each action, with refusals of a server, of a connection and of our own. */
const every: DsnOptions['recipients'] = [
  ...base.recipients,
  {
    address: 'sender@example.com',
    action: 'failed',
    status: '5.7.1',
    refusal: said('550 5.7.1 not you', 'MAIL', { ...mx1, host: '' }),
  },
  {
    address: 'lost@example.net',
    action: 'failed',
    status: '4.4.7',
    refusal: broken('timed out', 'connect', mx1),
  },
  {
    address: 'dave@example.edu',
    action: 'delayed',
    status: '4.2.2',
    refusal: said('452 4.2.2 mailbox full', 'content', mx1),
    willRetryUntilMs: noon + 86_400_000,
  },
  { address: 'eve@example.gov', action: 'relayed', status: '2.0.0', remoteMta: 'old.example.gov' },
  { address: 'team@example.mil', action: 'expanded', status: '2.0.0' },
  { address: 'frank@example.mil', action: 'delivered', status: '2.0.0' },
];

/** One entry per file in golden/. */
export const reports: Readonly<Record<string, DsnOptions>> = {
  failed: base,
  'many-fates': {
    ...base,
    envelopeId: 'campaign 7+1',
    recipients: [
      ...base.recipients,
      { ...base.recipients[0]!, address: 'bobby@example.com', originalRecipient: 'rfc822;rob@example.net' },
      {
        address: 'carol@example.net',
        action: 'failed',
        status: '4.4.7',
        refusal: broken('timed out while waiting for the greeting', 'connect', mx1),
      },
      {
        address: 'dave@example.edu',
        action: 'delayed',
        status: '4.2.2',
        refusal: said('452 4.2.2 mailbox full', 'content', { ...mx1, host: 'mail.example.edu' }),
        willRetryUntilMs: noon + 86_400_000,
      },
      { address: 'eve@example.gov', action: 'relayed', status: '2.0.0', remoteMta: 'old.example.gov' },
      { address: 'frank@example.mil', action: 'delivered', status: '2.0.0' },
    ],
  },
  'unix-socket': {
    ...base,
    recipients: [
      {
        ...base.recipients[0]!,
        address: 'full@example.org',
        status: '5.2.2',
        refusal: said('552 5.2.2 <full@example.org> Quota exceeded', 'content', {
          host: 'unix:/run/dovecot/lmtp',
          endpoint: { kind: 'unix', path: '/run/dovecot/lmtp' },
        }),
      },
    ],
  },
  expanded: {
    ...base,
    envelopeId: 'E1',
    recipients: [
      {
        address: 'team@example.mil',
        originalRecipient: 'rfc822;list@example.net',
        action: 'expanded',
        status: '2.0.0',
      },
    ],
  },
  'headers-only': { ...base, ret: 'HDRS' },
  delayed: {
    ...base,
    recipients: [
      {
        ...base.recipients[0]!,
        action: 'delayed',
        status: '4.7.1',
        refusal: said('450 4.7.1 greylisted, come back later', 'RCPT', mx1),
        willRetryUntilMs: noon + 3_600_000,
      },
    ],
  },
  international: {
    ...base,
    sender: 'alïce@exämple.org',
    smtpUtf8: true,
    recipients: [
      {
        address: 'jürgen@exämple.com',
        originalRecipient: 'utf-8;jürgen@exämple.com',
        action: 'failed',
        status: '5.2.1',
        refusal: said('550 5.2.1 Postfach ungültig', 'RCPT', { ...mx1, host: '' }),
      },
    ],
    original: { kind: 'headers', content: [Buffer.from('From: alïce@exämple.org\r\nSubject: Grüße\r\n')] },
  },
  // The sender's system need not know UTF-8 in reports: its message came without SMTPUTF8.
  'utf8-in-ascii': {
    ...base,
    receivedFrom: { helo: 'client.example.org', clientAddress: '192.0.2.7' },
    recipients: [
      {
        ...base.recipients[0]!,
        address: 'jürgen+mail@example.com',
        originalRecipient: 'rfc822;grüße@example.org',
      },
    ],
  },
  german: { ...base, recipients: every, texts: german, sender: 'jörg@example.org' },
  french: { ...base, recipients: every, texts: french },
  'own-texts': {
    ...base,
    texts: {
      ...german,
      language: 'de-at',
      subject_failed: 'Unzustellbar: {queue_id}',
      greeting: 'Servus!\n\nHier ist {hostname}, für {sender}.',
      closing: 'Fragen? {hostname} {unknown} hilft: https://example.org/hilfe',
    },
  },
  'eight-bit': {
    ...base,
    recipients: [
      {
        ...base.recipients[0]!,
        refusal: said('550 5.1.1 unbekannter Empfänger = falsch', 'RCPT', mx1),
      },
    ],
    original: { kind: 'full', content: [Buffer.from('Subject: x\r\n\r\nGr\xfc\xdfe\r\n', 'latin1')] },
  },
  'broken-header': {
    ...base,
    original: {
      kind: 'headers',
      content: [Buffer.from('Subject: Gr\xfc\xdfe = \r\nX-Long: ' + 'x'.repeat(90) + '\r\n\r\n', 'latin1')],
    },
  },
};

export interface ReadPart {
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Byte for byte, one character each. */
  readonly body: string;
}

/** Reads a header block strictly: each line begins a field or continues one, none is empty or too long. */
export function readFields(block: string): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (const line of block.split('\r\n')) {
    assert.ok(line.length <= 998, `line of ${line.length} octets`);
    assert.doesNotMatch(line, /[\r\n\0]/);
    const last = fields.at(-1);
    if (/^[ \t]/.test(line)) {
      assert.ok(last !== undefined && line.trim() !== '', 'continuation of something, with something');
      last[1] += line;
      continue;
    }
    const [, name = '', value = ''] =
      /^([!-9;-~]+):(.*)$/s.exec(line) ?? assert.fail(`no field: ${JSON.stringify(line)}`);
    fields.push([name, value.trim()]);
  }
  return fields;
}

function readEntity(text: string): ReadPart {
  const end = text.indexOf('\r\n\r\n');
  assert.notEqual(end, -1);
  return { fields: readFields(text.slice(0, end)), body: text.slice(end + 4) };
}

export function valueOf(part: ReadPart, name: string): string | undefined {
  return part.fields.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/** Reads a multipart/report as a strict MIME reader would. */
export function readReport(content: readonly Uint8Array[]): { top: ReadPart; parts: ReadPart[] } {
  const top = readEntity(Buffer.concat(content).toString('latin1'));
  const boundary =
    /boundary="([^"]+)"$/.exec(valueOf(top, 'Content-Type') ?? '')?.[1] ?? assert.fail('no boundary');
  assert.match(boundary, /^[0-9A-Za-z'()+_,./:=?-]{1,70}$/);
  const pieces = `\r\n${top.body}`.split(`\r\n--${boundary}`);
  assert.equal(pieces.pop(), '--\r\n');
  pieces.shift();
  return {
    top,
    parts: pieces.map((piece) => {
      assert.ok(piece.startsWith('\r\n'), 'a delimiter line holds nothing else');
      return readEntity(piece.slice(2));
    }),
  };
}

/** Undoes quoted-printable, strictly; one character per byte. */
export function fromQuotedPrintable(text: string): string {
  for (const line of text.split('\r\n')) {
    assert.ok(line.length <= 76, `quoted-printable line of ${line.length}`);
    assert.match(line, /^(?:[\t !-<>-~]|=[0-9A-F]{2})*=?$/);
    assert.doesNotMatch(line, /[ \t]$/);
  }
  return text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
