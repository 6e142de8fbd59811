// [[quirk]]: hosts that announce SMTP extensions which do not work there, and what is done otherwise with them.

import { ignorableExtensions } from '../../values/extension.ts';
import { key, listOf, oneOf, tableOf, wholeNumber } from './fields.ts';
import { mxHosts, networks } from './lists.ts';

/** Names of extensions that are not used. */
export function extensions() {
  return listOf(oneOf([...ignorableExtensions]), 'names of extensions such as ["PIPELINING"]').min(
    1,
    'must name one extension at least',
  );
}

/** The most messages on the way on one connection. */
export function depth() {
  return wholeNumber(0, 64);
}

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
    extensions().optional(),
    `Extensions that are not used with these hosts, even when they announce them: ${ignorableExtensions.join(', ')}.`,
    { example: '["PIPELINING"]' },
  ),
  pipeline_depth: key(
    depth().optional(),
    'The most messages on the way on one connection to these hosts. 0 and 1: one message at a time, without CHUNKING. When several tables match a host, the lowest counts.',
    { defaultText: 'that of [deliver]', example: '1' },
  ),
  own_name: key(
    oneOf(['refuse', 'accept']).optional(),
    'What these hosts are when they answer EHLO with a name of this server: "refuse" takes them for this server, so that mail waits (4.4.6) and does not go round in a loop; "accept" for another server with the same name.',
    {
      defaultText:
        '"refuse", but "accept" on this host (127.0.0.0/8 and ::1) and for the route of a content filter',
      example: '"accept"',
    },
  ),
}).superRefine((value, context) => {
  if (value.mx === undefined && value.ip === undefined) {
    context.addIssue({ code: 'custom', message: 'names no hosts: give mx, ip or both' });
  }
  const { ignore_extensions, own_name, pipeline_depth } = value;
  if ([ignore_extensions, own_name, pipeline_depth].every((each) => each === undefined)) {
    const message = 'changes nothing: give ignore_extensions, pipeline_depth or own_name';
    context.addIssue({ code: 'custom', message });
  }
});

/** All quirks. When several match a host, the extensions of all of them are ignored. */
export const quirks = listOf(quirk, 'tables: [[quirk]]');
