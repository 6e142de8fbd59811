// The form of an aggregate report (RFC 9990 3.1.1 and Appendix A), written from the tables of the standard: which elements stand where, how
// often, in which order where that is fixed, and which values they have.

import { isIP } from 'node:net';
import type { XmlElement } from './xml.ts';

type Times = '1' | '?' | '*' | '+';
interface Form {
  /** The elements in it, in the order of the standard; undefined: a text. */
  readonly elements?: readonly (readonly [name: string, times: Times, form: Form])[];
  /** The elements must come in this order. */
  readonly isOrdered?: boolean;
  readonly value?: (text: string) => boolean;
}

const text: Form = {};
function oneOf(...values: readonly string[]): Form {
  return { value: (found) => values.includes(found) };
}
const filled: Form = { value: (found) => found !== '' };
const seconds: Form = { value: (found) => /^\d{1,11}$/.test(found) };
const policy = oneOf('none', 'quarantine', 'reject');
const aligned = oneOf('pass', 'fail');
const dkimResults = oneOf('none', 'pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror');
const spfResults = oneOf('none', 'pass', 'fail', 'softfail', 'policy', 'neutral', 'temperror', 'permerror');
const overrides = oneOf('local_policy', 'mailing_list', 'other', 'policy_test_mode', 'trusted_forwarder');

const metadata: Form = {
  elements: [
    ['org_name', '1', filled],
    ['email', '1', { value: (found) => /^[^@\s]+@[^@\s]+$/.test(found) }],
    ['extra_contact_info', '?', text],
    ['report_id', '1', { value: (found) => /^<?[^@\s<>]+(?:@[^@\s<>]+)?>?$/.test(found) }],
    [
      'date_range',
      '1',
      {
        elements: [
          ['begin', '1', seconds],
          ['end', '1', seconds],
        ],
      },
    ],
    ['error', '?', text],
    ['generator', '?', text],
  ],
};
const published: Form = {
  elements: [
    ['domain', '1', filled],
    ['discovery_method', '?', oneOf('psl', 'treewalk')],
    ['p', '1', policy],
    ['sp', '?', policy],
    ['np', '?', policy],
    ['fo', '?', text],
    ['adkim', '?', oneOf('r', 's')],
    ['aspf', '?', oneOf('r', 's')],
    ['testing', '?', oneOf('n', 'y')],
  ],
};
const evaluated: Form = {
  isOrdered: true,
  elements: [
    ['disposition', '1', oneOf('none', 'pass', 'quarantine', 'reject')],
    ['dkim', '1', aligned],
    ['spf', '1', aligned],
    [
      'reason',
      '*',
      {
        elements: [
          ['type', '1', overrides],
          ['comment', '?', text],
        ],
      },
    ],
  ],
};
const record: Form = {
  isOrdered: true,
  elements: [
    [
      'row',
      '1',
      {
        elements: [
          ['source_ip', '1', { value: (found) => isIP(found) !== 0 }],
          ['count', '1', { value: (found) => /^[1-9]\d*$/.test(found) }],
          ['policy_evaluated', '1', evaluated],
        ],
      },
    ],
    [
      'identifiers',
      '1',
      {
        elements: [
          ['header_from', '1', filled],
          ['envelope_from', '?', text],
          ['envelope_to', '?', text],
        ],
      },
    ],
    [
      'auth_results',
      '1',
      {
        isOrdered: true,
        elements: [
          [
            'dkim',
            '*',
            {
              elements: [
                ['domain', '1', filled],
                ['selector', '1', filled],
                ['result', '1', dkimResults],
                ['human_result', '?', text],
              ],
            },
          ],
          [
            'spf',
            '?',
            {
              elements: [
                ['domain', '1', text],
                ['scope', '?', oneOf('mfrom')],
                ['result', '1', spfResults],
                ['human_result', '?', text],
              ],
            },
          ],
        ],
      },
    ],
  ],
};
const feedback: Form = {
  isOrdered: true,
  elements: [
    ['version', '?', oneOf('1.0')],
    ['report_metadata', '1', metadata],
    ['policy_published', '1', published],
    ['extension', '?', {}],
    ['record', '+', record],
  ],
};

/** What is wrong with a report, one sentence each. */
export function schemaFaults(root: XmlElement): string[] {
  const faults: string[] = [];
  if (root.name !== 'feedback') faults.push(`the root is ${root.name}`);
  if (root.attributes['xmlns'] !== 'urn:ietf:params:xml:ns:dmarc-2.0')
    faults.push('it has another namespace');
  look(root, feedback, 'feedback', faults);
  return faults;
}

function look(element: XmlElement, form: Form, path: string, faults: string[]): void {
  const { elements: forms, isOrdered, value } = form;
  if (forms === undefined) {
    if (element.elements.length > 0) faults.push(`${path} has elements`);
    else if (value?.(element.text) === false) faults.push(`${path} is ${JSON.stringify(element.text)}`);
    return;
  }
  if (element.text.trim() !== '') faults.push(`${path} has a text beside its elements`);
  const names = forms.map(([name]) => name);
  let last = 0;
  for (const inner of element.elements) {
    const index = names.indexOf(inner.name);
    if (index === -1) faults.push(`${path} has ${inner.name}`);
    else if (isOrdered === true && index < last) faults.push(`${path}: ${inner.name} is out of order`);
    else last = index;
  }
  for (const [name, times, ofInner] of forms) {
    const found = element.elements.filter((inner) => inner.name === name);
    const isEnough = times === '?' || times === '*' || found.length > 0;
    const isTooMuch = (times === '1' || times === '?') && found.length > 1;
    if (!isEnough || isTooMuch) faults.push(`${path} has ${name} ${found.length} times`);
    for (const inner of found) look(inner, ofInner, `${path}/${name}`, faults);
  }
}
