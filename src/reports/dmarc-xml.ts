// An aggregate report of DMARC as XML (RFC 9990, Appendix A). Pure. Whatever strangers have said, the result is well-formed.

import type { AggregateRow, PublishedPolicy } from '../verification/aggregate-row.ts';
import { dayBeginMs, dayMs, type Reporter } from './report.ts';

export interface CountedRow {
  readonly row: AggregateRow;
  readonly count: number;
}

export interface DmarcReportFacts {
  readonly reporter: Reporter;
  readonly day: string;
  readonly id: string;
  /** The name and version of this program. */
  readonly generator: string;
  readonly policy: PublishedPolicy;
  /** At least one. */
  readonly rows: readonly CountedRow[];
  /** What is wrong with the report; empty for nothing. */
  readonly error: string;
}

/** An element: its name, and its text or its elements. */
type Element = readonly [name: string, content: string | readonly Element[]];

const namespace = 'urn:ietf:params:xml:ns:dmarc-2.0';

export function dmarcXml(facts: DmarcReportFacts): string {
  const { reporter, day, id, generator, error, rows } = facts;
  const begin = dayBeginMs(day) / 1000;
  const elements: readonly Element[] = [
    // RFC 9990 3.1.1.2: always 1.0.
    ['version', '1.0'],
    [
      'report_metadata',
      [
        ['org_name', reporter.organization],
        ['email', reporter.contact],
        ...given('extra_contact_info', reporter.extraContact),
        ['report_id', id],
        [
          'date_range',
          [
            ['begin', String(begin)],
            ['end', String(begin + dayMs / 1000 - 1)],
          ],
        ],
        ...given('error', error),
        ['generator', generator],
      ],
    ],
    ['policy_published', published(facts.policy)],
    ...rows.map(record),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<feedback xmlns="${namespace}">\n${written(elements, '  ')}</feedback>\n`;
}

/** RFC 9990 3.1.1.5: tags that the domain does not give have their default values. */
function published({ domain, p, sp, np, adkim, aspf, isTest, fo }: PublishedPolicy): readonly Element[] {
  return [
    ['domain', domain],
    ['discovery_method', 'treewalk'],
    ['p', p],
    ['sp', sp],
    ['np', np],
    ['fo', fo === '' ? '0' : fo],
    ['adkim', adkim.slice(0, 1)],
    ['aspf', aspf.slice(0, 1)],
    ['testing', isTest ? 'y' : 'n'],
  ];
}

function record({ row, count }: CountedRow): Element {
  const { sourceIp, disposition, dkim, spf, reasons, headerFrom, envelopeFrom, signatures, spfResult } = row;
  return [
    'record',
    [
      [
        'row',
        [
          ['source_ip', sourceIp],
          ['count', String(count)],
          [
            'policy_evaluated',
            [
              ['disposition', disposition],
              ['dkim', dkim],
              ['spf', spf],
              ...reasons.map(({ type, comment }): Element => [
                'reason',
                [['type', type], ...given('comment', comment)],
              ]),
            ],
          ],
        ],
      ],
      [
        'identifiers',
        [
          ['header_from', headerFrom],
          ['envelope_from', envelopeFrom],
        ],
      ],
      [
        'auth_results',
        [
          ...signatures.map(({ domain, selector, result }): Element => [
            'dkim',
            [
              ['domain', domain],
              ['selector', selector],
              ['result', result],
            ],
          ]),
          [
            'spf',
            [
              ['domain', spfResult.domain],
              ['scope', 'mfrom'],
              ['result', spfResult.result],
            ],
          ],
        ],
      ],
    ],
  ];
}

function given(name: string, text: string): readonly Element[] {
  return text === '' ? [] : [[name, text]];
}

function written(elements: readonly Element[], indent: string): string {
  let xml = '';
  for (const [name, content] of elements) {
    xml +=
      typeof content === 'string'
        ? `${indent}<${name}>${escaped(content)}</${name}>\n`
        : `${indent}<${name}>\n${written(content, `${indent}  `)}${indent}</${name}>\n`;
  }
  return xml;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** XML 1.0 2.2 and 2.4. What no XML may hold, not even as a reference, becomes U+FFFD. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>]/g, (character) => entities[character] ?? '');
}
