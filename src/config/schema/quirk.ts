// [[quirk]]: hosts that do not keep what they offer, and what is therefore not used with them.

import { ignorableExtensions } from '../../values/extension.ts';
import { key, listOf, oneOf, tableOf } from './fields.ts';
import { mxHosts, networks } from './lists.ts';

const quirk = tableOf({
  mx: key(mxHosts().optional(), 'Names of the hosts, as they stand in MX records or in relay of a route.', {
    example: '["mx.example.com", "*.example.net"]',
  }),
  ip: key(
    networks().min(1, 'must name one network at least').optional(),
    'Their addresses. A host that mx or ip names is meant.',
    { example: '["192.0.2.25"]' },
  ),
  ignore_extensions: key(
    listOf(oneOf([...ignorableExtensions]), 'names of extensions such as ["PIPELINING"]').min(
      1,
      'must name one extension at least',
    ),
    `Extensions that are not used with these hosts, whatever they offer: ${ignorableExtensions.join(', ')}.`,
    { example: '["PIPELINING"]' },
  ),
}).superRefine((value, context) => {
  if (value.mx !== undefined || value.ip !== undefined) return;
  context.addIssue({
    code: 'custom',
    message: 'says nothing about which hosts are meant: give mx, ip or both',
  });
});

/** All of them: what several say of one host counts together. */
export const quirks = listOf(quirk, 'tables: [[quirk]]');
