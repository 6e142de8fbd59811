// [control]: who may ask and change the running Sluice, beside root and the user that it runs as.

import { key, tableOf, textOf, yesNo } from './fields.ts';
import { ValueError } from '../../values/value-error.ts';

/** As useradd(8) of Debian takes them. */
const groupName = /^[a-z_][a-z0-9_.-]{0,31}$/i;

/** The name of a group of the system. */
export function systemGroup() {
  return textOf('the name of a group of the system', (text) => {
    if (groupName.test(text)) return text;
    throw new ValueError(`"${text}" is no name of a group of the system`);
  });
}

export const control = tableOf({
  group: key(
    systemGroup().optional(),
    'A group of the system whose members may do everything with the running Sluice that root may do by commands: they may open control_socket.',
    { defaultText: 'nobody but root and the user that Sluice runs as', example: '"sluice-admin"' },
  ),
  read_only_group: key(
    systemGroup().optional(),
    'A group whose members may ask, and change nothing: "sluice status", "queue list", "explain", "top" and the like. They have a socket of their own beside control_socket, with "-read" in its name.',
    { defaultText: 'nobody', example: '"sluice-read"' },
  ),
  user_passwords: key(
    yesNo().default(false),
    'Every user of this host may change the own password with "sluice passwd": who that is, the password until now proves. There is a socket for that beside control_socket, with "-passwd" in its name, which does nothing else. Root and the group of full rights set passwords without it.',
    {},
  ),
}).superRefine((value, context) => {
  if (value.group !== undefined && value.group === value.read_only_group)
    context.addIssue({
      code: 'custom',
      path: ['read_only_group'],
      message: 'is the group of full rights, too: name another one, or leave it out',
    });
});
