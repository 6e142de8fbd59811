// Groups of the system that may ask about one queue, or steer it, and no other.

import { key } from './fields.ts';
import { systemGroup } from './control.ts';

export const queueOperatorKeys = {
  operator_group: key(
    systemGroup().optional(),
    'A group of the system whose members may see and steer this queue, and nothing else: "queue list", "show", "hold", "release", "retry", "remove", "bounce" and "status" of its mail. They have a socket of their own beside control_socket, with "-queue-NAME" in its name. docs/operators.md says more.',
    { defaultText: 'nobody', example: '"shop-admin"' },
  ),
  operator_read_only_group: key(
    systemGroup().optional(),
    'A group whose members may ask about this queue, and nothing else, and change nothing. The name of their socket has "-queue-NAME.read" in it.',
    { defaultText: 'nobody', example: '"shop-read"' },
  ),
};
