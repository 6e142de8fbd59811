// [[stage]] of kind "qmail-spp": programs that are plugins of qmail-spp.

import { z } from 'zod';

import { expected, key, wholeNumber, yesNo } from '../fields.ts';
import { environmentKey } from './environment.ts';
import { stageKind } from './stage-kind.ts';

function path() {
  return z.string({ error: expected('the name of a file or folder') }).min(1, 'must not be empty');
}

export const qmailSppStage = stageKind(
  'qmail-spp',
  'plugins of qmail-spp, which are programs that are run at a command of a client. They are asked before the relay check and [[recipients]], as qmail-smtpd does. docs/qmail-spp.md says more.',
  {
    plugins: key(
      path(),
      'The file that says which plugins are run when, in the format of control/smtpplugins. It is read again when it changes.',
      { example: '"/var/qmail/control/smtpplugins"' },
    ),
    home: key(path().optional(), 'The folder in which plugins are run, and where their paths begin.', {
      defaultText: 'the folder above that of plugins',
      example: '"/var/qmail"',
    }),
    programs: key(
      wholeNumber(1, 1000).default(20),
      'The most programs that run at the same time, for each process of receivers. Other sessions wait in line.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(500),
      'The most sessions that wait in line; for any further one it has failed.',
    ),
    client_names: key(
      yesNo().default(true),
      'Look up the name of a client for TCPREMOTEHOST before its first plugin is run. Without it, plugins start sooner.',
    ),
    environment: environmentKey('its programs', '{ VPOPMAIL = "/home/vpopmail" }'),
  },
);
