// Reads an aggregate report as programs that receive one do: into plain values, whatever form of the last ten years it has. Proven by the
// reports of others (dmarc-reports.test.ts), and then used to read ours.

import { readXml, type XmlElement } from './xml.ts';

export interface ReadReport {
  readonly version: number;
  readonly organization: string;
  readonly email: string;
  readonly extraContact: string;
  readonly id: string;
  readonly begin: number;
  readonly end: number;
  readonly policy: Readonly<Record<string, string>>;
  readonly records: readonly ReadRecord[];
}

export interface ReadRecord {
  readonly sourceIp: string;
  readonly count: number;
  readonly disposition: string;
  readonly dkim: string;
  readonly spf: string;
  readonly reasons: readonly { readonly type: string; readonly comment: string }[];
  readonly identifiers: Readonly<Record<string, string>>;
  readonly signatures: readonly Readonly<Record<string, string>>[];
  readonly spfResults: readonly Readonly<Record<string, string>>[];
}

export function readReport(xml: string): ReadReport {
  const root = readXml(xml);
  const metadata = inner(root, 'report_metadata');
  const range = inner(metadata, 'date_range');
  return {
    version: Number(textOf(root, 'version')),
    organization: textOf(metadata, 'org_name'),
    email: textOf(metadata, 'email'),
    extraContact: textOf(metadata, 'extra_contact_info'),
    id: textOf(metadata, 'report_id'),
    begin: Number(textOf(range, 'begin')),
    end: Number(textOf(range, 'end')),
    policy: texts(inner(root, 'policy_published')),
    records: all(root, 'record').map(readRecord),
  };
}

function readRecord(record: XmlElement): ReadRecord {
  const row = inner(record, 'row');
  const evaluated = inner(row, 'policy_evaluated');
  const results = inner(record, 'auth_results');
  return {
    sourceIp: textOf(row, 'source_ip'),
    count: Number(textOf(row, 'count')),
    disposition: textOf(evaluated, 'disposition'),
    dkim: textOf(evaluated, 'dkim'),
    spf: textOf(evaluated, 'spf'),
    reasons: all(evaluated, 'reason').map((reason) => ({
      type: textOf(reason, 'type'),
      comment: textOf(reason, 'comment'),
    })),
    identifiers: texts(inner(record, 'identifiers')),
    signatures: all(results, 'dkim').map(texts),
    spfResults: all(results, 'spf').map(texts),
  };
}

const none: XmlElement = { name: '', attributes: {}, elements: [], text: '' };

function all(element: XmlElement, name: string): readonly XmlElement[] {
  return element.elements.filter((each) => each.name === name);
}

function inner(element: XmlElement, name: string): XmlElement {
  return all(element, name)[0] ?? none;
}

function textOf(element: XmlElement, name: string): string {
  return inner(element, name).text.trim();
}

function texts(element: XmlElement): Readonly<Record<string, string>> {
  return Object.fromEntries(
    element.elements
      .filter(({ elements }) => elements.length === 0)
      .map(({ name, text }) => [name, text.trim()]),
  );
}
