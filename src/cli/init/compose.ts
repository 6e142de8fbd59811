// Writes the first configuration from the answers: only what was asked for, with comments that say why it is there. Pure.

import { tomlValue } from '../../config/read/toml-value.ts';
import { formatListenAddress, parseListenAddress } from '../../values/listen-address.ts';
import { type Answers, besideFiles, purposes } from './answers.ts';

/** @returns the text of the file */
export function composeConfig(answers: Answers): string {
  const blocks = [
    [
      `# Written by "sluice init ${answers.purpose}": ${purposes[answers.purpose]}.`,
      '# "sluice config show --defaults" prints every other key with its meaning; "sluice check" checks this file.',
    ],
    top(answers),
    ...listeners(answers),
    receive(answers),
    ...certificate(answers),
    ...ofPurpose(answers),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

type Block = readonly string[];

function line(key: string, value: unknown): string {
  return `${key} = ${tomlValue(value)}`;
}

function top({ hostname, runAs, spool, sockets }: Answers): Block {
  return [
    '# The name that other servers see. Its address record should give the address of this host, and the PTR record of that',
    '# address should give this name.',
    line('hostname', hostname),
    ...(runAs === undefined
      ? []
      : [
          '# Root starts Sluice; all processes but the one that supervises them run as this user.',
          line('user', runAs),
        ]),
    ...(spool === undefined ? [] : ['# Accepted mail is kept here.', line('spool', spool)]),
    ...(sockets === undefined
      ? []
      : [
          '# For the commands of administrators, and for "sluice sendmail".',
          line('control_socket', `${sockets}/control.sock`),
          line('submission_socket', `${sockets}/submit.sock`),
        ]),
  ];
}

function listeners({ purpose, listen }: Answers): readonly Block[] {
  return listen.map((text) => {
    const address = parseListenAddress(text);
    const port = address.kind === 'tcp' ? address.port : 0;
    const block = ['[[listen]]', line('address', formatListenAddress(address))];
    if (purpose !== 'submission') return block;
    if (port === 465) return ['# TLS from the first byte on; log-ins are required.', ...block];
    if (port === 587) return ['# STARTTLS and log-ins are required.', ...block];
    return [
      '# STARTTLS and log-ins are required.',
      ...block,
      line('tls', 'required'),
      line('auth', 'required'),
    ];
  });
}

/** This host itself may always send. */
const loopback = ['127.0.0.0/8', '::1/128'];

function receive({ purpose, networks, domains }: Answers): Block {
  const lines: string[] = [];
  if (networks.length > 0) {
    lines.push(
      '# Clients in these networks may send to anyone: list only networks that you run yourself.',
      line('relay_networks', [...loopback, ...networks.map(({ address, prefix }) => `${address}/${prefix}`)]),
    );
  }
  if (purpose === 'mail' || purpose === 'mx-backup')
    lines.push('# Everybody may send to these domains.', line('relay_domains', domains));
  return lines.length === 0 ? [] : ['[receive]', ...lines];
}

function certificate({ certificate: files }: Answers): readonly Block[] {
  if (files === undefined) return [];
  return [
    [
      '# Read again within ten seconds when the files change.',
      '[[certificate]]',
      line('chain', files.chain),
      line('key', files.key),
    ],
  ];
}

function ofPurpose(answers: Answers): readonly Block[] {
  switch (answers.purpose) {
    case 'relay':
      return [];
    case 'smarthost':
      return smarthost(answers);
    case 'submission':
      return [
        [
          '# The users who may log in: "sluice user add" and "sluice domain add" write this file.',
          '[[directory]]',
          line('name', 'users'),
          line('kind', 'users'),
          line('path', besideFiles.users),
        ],
      ];
    case 'mx-backup':
      return backup(answers);
    case 'mail':
      return mail(answers);
    default:
      return answers.purpose satisfies never;
  }
}

function smarthost({ smarthost: host, login, passwordFile }: Answers): readonly Block[] {
  const credential: Block =
    login === undefined
      ? []
      : [
          '# The password is in a file of its own, which nobody else may read.',
          '[[credential]]',
          line('name', 'smarthost'),
          line('user', login),
          line('password_file', passwordFile ?? besideFiles.password),
        ];
  const route = [
    '# All mail goes there.',
    '[[route]]',
    line('name', 'smarthost'),
    line('relay', [host ?? '']),
    ...(login === undefined ? [] : [line('credential', 'smarthost')]),
  ];
  return [credential, route];
}

function backup({ domains, primary }: Answers): readonly Block[] {
  if (primary === undefined) return [];
  return [
    [
      '# Their first mail server. Without this table, the MX that the DNS names before this host.',
      '[[route]]',
      line('name', 'primary'),
      line('domain', domains),
      line('relay', [primary]),
    ],
  ];
}

function mail({ domains, lmtp }: Answers): readonly Block[] {
  return [
    [
      '# Dovecot has the mailboxes.',
      '[[route]]',
      line('name', 'mailboxes'),
      line('domain', domains),
      line('lmtp', [lmtp ?? '']),
    ],
    [
      '# The addresses with a mailbox, one a line. Mail to others is refused at once, so that no bounces go to forged senders.',
      '# The file is read again when it changes.',
      '[[table]]',
      line('name', 'mailboxes'),
      line('path', besideFiles.mailboxes),
    ],
    ['[[recipients]]', line('domain', domains), line('table', 'mailboxes')],
  ];
}
