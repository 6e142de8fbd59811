// [[quirk]]: hosts that announce SMTP extensions which do not work there, and the extensions that are not used with them.

import { ignorableExtensions } from '../../values/extension.ts';
import { key, listOf, oneOf, tableOf } from './fields.ts';
import { mxHosts, networks } from './lists.ts';

const quirk = tableOf({
  mx: key(mxHosts().optional(), 'Names of the hosts, as they stand in MX records or in relay of a route.', {
    example: '["mx.example.com", "*.example.net"]',
  }),
  ip: key(
    networks().min(1, 'must name one network at least').optional(),
    'Addresses of the hosts. The table applies to a host that mx or ip matches.',
    { example: '["192.0.2.25"]' },
  ),
  ignore_extensions: key(
    listOf(oneOf([...ignorableExtensions]), 'names of extensions such as ["PIPELINING"]').min(
      1,
      'must name one extension at least',
    ),
    `Extensions that are not used with these hosts, even when they announce them: ${ignorableExtensions.join(', ')}.`,
    { example: '["PIPELINING"]' },
  ),
}).superRefine((value, context) => {
  if (value.mx !== undefined || value.ip !== undefined) return;
  context.addIssue({
    code: 'custom',
    message: 'names no hosts: give mx, ip or both',
  });
});

/** All quirks. When several match a host, the extensions of all of them are ignored. */
export const quirks = listOf(quirk, 'tables: [[quirk]]');
