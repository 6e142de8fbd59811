// The flags of sendmail, as programs write them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CommandError } from '../../src/cli/exit-codes.ts';
import { parseSendmailFlags, type SendmailCall } from '../../src/cli/sendmail/flags.ts';

const usual: SendmailCall = {
  mode: 'submit',
  config: undefined,
  sender: undefined,
  fromName: undefined,
  recipientsFromHeader: false,
  dotsAreContent: false,
  notify: undefined,
  ret: undefined,
  envelopeId: undefined,
  verp: undefined,
  verbose: false,
  recipients: [],
};

describe('a command line of sendmail', () => {
  const table: readonly (readonly [args: string, call: Partial<SendmailCall>])[] = [
    ['', {}],
    ['a@b.example c', { recipients: ['a@b.example', 'c'] }],
    ['-t -i', { recipientsFromHeader: true, dotsAreContent: true }],
    ['-ti', { recipientsFromHeader: true, dotsAreContent: true }],
    ['-oi', { dotsAreContent: true }],
    ['-o i', { dotsAreContent: true }],
    ['-f me -F Me', { sender: 'me', fromName: 'Me' }],
    ['-XV', { verp: '+=' }],
    ['-XV-=', { verp: '-=' }],
    ['-X V=+', { verp: '=+' }],
    ['-X /tmp/log', {}],
    ['-fme -FMe', { sender: 'me', fromName: 'Me' }],
    ['-r me', { sender: 'me' }],
    ['-tifme', { recipientsFromHeader: true, dotsAreContent: true, sender: 'me' }],
    ['-bm -- -odd@b.example', { recipients: ['-odd@b.example'] }],
    ['-bs', { mode: 'smtp' }],
    ['--help', { mode: 'help' }],
    ['--config a.toml -v', { config: 'a.toml', verbose: true }],
    ['--config=a.toml', { config: 'a.toml' }],
    ['-C a.toml', { config: 'a.toml' }],
    ['-N never', { notify: { never: true, success: false, failure: false, delay: false } }],
    ['-N failure,DELAY', { notify: { never: false, success: false, failure: true, delay: true } }],
    ['-R full -V id', { ret: 'FULL', envelopeId: 'id' }],
    [
      '-oem -odb -OA=1 -O A=1 -B 8BITMIME -h3 -G -U -n -m -s -d0.1 -Am -X /x -L tag -p smtp -e m to',
      { recipients: ['to'] },
    ],
    // Flags after recipients, as scripts write them.
    ['to -t', { recipients: ['to'], recipientsFromHeader: true }],
    ['to -f me', { recipients: ['to'], sender: 'me' }],
    ['to -fme other -i', { recipients: ['to', 'other'], sender: 'me', dotsAreContent: true }],
    ['to -- other -f', { recipients: ['to', 'other', '-f'] }],
    ['-i -- to -- -i', { recipients: ['to', '--', '-i'], dotsAreContent: true }],
  ];
  for (const [args, call] of table) {
    it(args === '' ? 'without flags' : args, () => {
      assert.deepEqual(parseSendmailFlags(args.split(' ').filter(Boolean)), { ...usual, ...call });
    });
  }

  const refused: readonly (readonly [args: string, message: RegExp, advice: RegExp])[] = [
    ['-Z', /^there is no flag -Z$/, /--help/],
    ['--what', /^there is no flag --what$/, /--help/],
    ['-tZ', /^there is no flag -Z$/, /--help/],
    ['-f', /^-f needs a value$/, /--help/],
    ['--config', /^--config needs a value$/, /--help/],
    ['-bd', /^-bd does not apply/, /sluice serve/],
    ['-bp', /^-bp does not apply/, /sluice queue list/],
    ['-bv', /^-bv does not apply/, /--help/],
    ['-q', /^-q does not apply/, /sluice queue retry/],
    ['-q30m', /^-q does not apply/, /sluice queue retry/],
    ['-bi', /^there are no aliases/, /\[\[route\]\]/],
    ['-I', /^there are no aliases/, /\[\[route\]\]/],
    ['-N never,delay', /^-N never,delay: write "never", or some of/, /--help/],
    ['-N sometimes', /^-N sometimes: /, /--help/],
    ['-R some', /^-R some: write "full" or "hdrs"$/, /--help/],
  ];
  for (const [args, message, advice] of refused) {
    it(`${args} is refused with EX_USAGE and advice`, () => {
      assert.throws(
        () => parseSendmailFlags(args.split(' ')),
        (error) => {
          assert.ok(error instanceof CommandError);
          assert.match(error.message, message);
          assert.match(error.advice, advice);
          assert.equal(error.code, 'SENDMAIL_USAGE');
          return error.exitCode === 64;
        },
      );
    });
  }
});
