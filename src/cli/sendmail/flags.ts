// The command line of sendmail, as scripts have written it since 1983: what each flag means here, which flags are accepted and
// ignored because nothing depends on them, and which are refused because ignoring them would mislead.

import { areVerpDelimiters, usualVerpDelimiters } from '../../values/verp-delimiters.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';

/** `-N` (RFC 3461 4.1). */
export interface Notify {
  readonly never: boolean;
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** What the command line asks for. */
export interface SendmailCall {
  /** `submit`: a message on standard input (-bm); `smtp`: a session on standard input and output (-bs). */
  readonly mode: 'submit' | 'smtp' | 'help';
  /** -C, --config. */
  readonly config: string | undefined;
  /** -f, -r: as written; undefined for the user that runs it. */
  readonly sender: string | undefined;
  /** -F. */
  readonly fromName: string | undefined;
  /** -t. */
  readonly recipientsFromHeader: boolean;
  /** -i, -oi: a line with nothing but a dot is content. */
  readonly dotsAreContent: boolean;
  /** -N. */
  readonly notify: Notify | undefined;
  /** -R. */
  readonly ret: 'FULL' | 'HDRS' | undefined;
  /** -V. */
  readonly envelopeId: string | undefined;
  /** -XV: two delimiters (VERP). */
  readonly verp: string | undefined;
  /** -v. */
  readonly verbose: boolean;
  /** As written; each may hold several, separated by commas. */
  readonly recipients: readonly string[];
}

type Draft = { -readonly [Key in keyof SendmailCall]: SendmailCall[Key] };

/** Flags with a value: the rest of the argument, or the next argument. */
const withValue = 'ABCFLNORVXbefhopr';
/** Flags whose value, if there is one, is the rest of the argument. */
const withOptionalValue = 'dq';
/** Flags without a value. */
const withoutValue = 'GImnstUvix';

/**
 * Reads the command line. Flags may stand behind recipients, as getopt of GNU has it, and end at `--`: scripts write
 * `sendmail $to -f $from`, and POSIX (Utility Syntax Guideline 9) would make `-f` an address to send mail to.
 * @throws {CommandError} EX_USAGE.
 */
export function parseSendmailFlags(args: readonly string[]): SendmailCall {
  const call: Draft = {
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
  const rest = [...args];
  const recipients: string[] = [];
  const value = (flag: string): string => {
    const next = rest.shift();
    if (next === undefined) throw usage(`${flag} needs a value`);
    return next;
  };
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') break;
    if (arg === '--help') call.mode = 'help';
    else if (arg === '--config') call.config = value(arg);
    else if (arg.startsWith('--config=')) call.config = arg.slice('--config='.length);
    else if (arg.startsWith('--')) throw usage(`there is no flag ${arg}`);
    else if (arg.startsWith('-') && arg !== '-') readCluster(call, arg, value);
    else recipients.push(arg);
  }
  call.recipients = [...recipients, ...rest];
  return call;
}

/** One argument, which may hold several flags: `-ti`, `-fme@example.com`. */
function readCluster(call: Draft, arg: string, value: (flag: string) => string): void {
  for (let at = 1; at < arg.length; at++) {
    const flag = arg.charAt(at);
    const own = arg.slice(at + 1);
    if (withValue.includes(flag)) {
      readValue(call, flag, own === '' ? value(`-${flag}`) : own);
      return;
    }
    if (withOptionalValue.includes(flag)) {
      if (flag === 'q') {
        throw usage(
          '-q does not apply: Sluice tries waiting mail by itself',
          'To try it now: sluice queue retry',
        );
      }
      return;
    }
    if (!withoutValue.includes(flag)) throw usage(`there is no flag -${flag}`);
    if (flag === 't') call.recipientsFromHeader = true;
    else if (flag === 'i') call.dotsAreContent = true;
    else if (flag === 'v') call.verbose = true;
    else if (flag === 'I') throw noAliases();
  }
}

function readValue(call: Draft, flag: string, value: string): void {
  switch (flag) {
    case 'b':
      call.mode = modeOf(value);
      break;
    case 'C':
      call.config = value;
      break;
    case 'f':
    case 'r':
      call.sender = value;
      break;
    case 'F':
      call.fromName = value;
      break;
    case 'N':
      call.notify = notifyOf(value);
      break;
    case 'R':
      call.ret = retOf(value);
      break;
    case 'V':
      call.envelopeId = value;
      break;
    case 'X':
      // Of Sendmail, -X names a log of the session, which there is none of here.
      if (value.startsWith('V')) call.verp = verpOf(value.slice(1));
      break;
    case 'o':
      // Other options control what Sluice does not have: how errors are mailed, where a queue is, and so on.
      if (value === 'i') call.dotsAreContent = true;
      break;
    default:
      // -A -B -L -O -e -h -p: ignored, because nothing here depends on them.
      break;
  }
}

function modeOf(value: string): SendmailCall['mode'] {
  switch (value) {
    case 'm':
      return 'submit';
    case 's':
      return 'smtp';
    case 'd':
    case 'D':
    case 'l':
      throw usage(
        `-b${value} does not apply: this command only hands mail in`,
        'Start Sluice with: sluice serve',
      );
    case 'p':
      throw usage(
        '-bp does not apply: this command only hands mail in',
        'Look at the queue with: sluice queue list',
      );
    case 'i':
      throw noAliases();
    default:
      throw usage(`-b${value} does not apply: this command hands mail in (-bm) or speaks SMTP (-bs)`);
  }
}

function notifyOf(value: string): Notify {
  const words = value
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const never = words.includes('never');
  const known = words.every((word) => ['never', 'success', 'failure', 'delay'].includes(word));
  if (!known || (never && words.length > 1)) {
    throw usage(`-N ${value}: write "never", or some of "success,failure,delay"`);
  }
  return {
    never,
    success: words.includes('success'),
    failure: words.includes('failure'),
    delay: words.includes('delay'),
  };
}

function retOf(value: string): 'FULL' | 'HDRS' {
  const word = value.toUpperCase();
  if (word !== 'FULL' && word !== 'HDRS') throw usage(`-R ${value}: write "full" or "hdrs"`);
  return word;
}

/** Postfix, sendmail(1): `-XV` alone, or with the two delimiters. */
function verpOf(value: string): string {
  const delimiters = value === '' ? usualVerpDelimiters : value;
  if (!areVerpDelimiters(delimiters)) {
    throw usage(`-XV${value}: write two of the characters - = +, such as -XV+=, or -XV alone`);
  }
  return delimiters;
}

function noAliases(): CommandError {
  return usage(
    'there are no aliases to rebuild: Sluice has no alias file',
    'Say where mail goes with [[route]] in the configuration.',
  );
}

function usage(message: string, advice = 'sendmail --help lists the flags.'): CommandError {
  return new CommandError(exitCodes.usage, 'SENDMAIL_USAGE', message, advice);
}
