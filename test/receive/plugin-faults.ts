// The ways in which a plugin of a test fails (see `failingPlugin`), and what the operator is told of each.

import type { Point } from './failing-plugin.ts';

const noVerdict = /it answered something that is no verdict/;
const unreadable = /it answered something that cannot be read/;
const noValue = /it gave a value with a (?:NUL or a CR alone|line that does not go on|line of \d+ bytes)/;

/** What is no answer, and what the operator is told of it. The thread goes on. */
export const faults: readonly (readonly [
  way: string,
  told: RegExp,
  firstPoint?: Point,
  lastPoint?: Point,
])[] = [
  ['throws', /it threw an error: RangeError: so not/],
  ['throws nothing', /it threw an error: undefined/],
  ['throws what cannot be read', /it threw an error: an error that cannot be read/],
  ['rejects with what cannot be read', /it failed: an error that cannot be read/],
  ['rejects', /it failed: later not/],
  ['answers nothing', noVerdict],
  ['answers null', noVerdict],
  ['answers a text', noVerdict],
  ['answers a number', noVerdict],
  ['answers a list', noVerdict],
  ['answers a function', unreadable],
  ['answers a symbol', unreadable],
  ['answers no kind', noVerdict],
  ['answers an unknown kind', noVerdict],
  ['answers a kind of objects', noVerdict],
  ['answers a getter', unreadable],
  ['answers a circle', unreadable],
  ['answers a bigint', unreadable],
  ['answers lists in lists', /it answered something that (?:is no verdict|cannot be read)/],
  ['answers 10 MB of text', unreadable],
  ['answers 10 MB of a reason', unreadable],
  ['answers 10 MB of a body', /it gave a body that is larger than max_message_size/, 'content'],
  ['answers edits that are a function', unreadable],
  ['answers edits that are no list', /its edits are no list/],
  ['answers an edit that is null', /it made an edit of an unknown kind/],
  ['answers an edit that is unknown', /it made an edit of an unknown kind/],
  ['answers a field with a CR LF', noValue, 'mail'],
  ['answers a field with a CR LF twice', noValue, 'mail'],
  ['answers a field with an LF', noValue, 'mail'],
  ['answers a field with a CR', noValue, 'mail'],
  ['answers a field with a NUL', noValue, 'mail'],
  ['answers a field with too long a line', noValue, 'mail'],
  ['counts wrong, and answers 300 kB of fields', /it added header fields of more than 262144 bytes/, 'mail'],
  ['answers 300 kB of fields', /it added header fields of more than 262144 bytes/, 'mail'],
  ['answers a field without a value', /it gave a field without a value/, 'mail'],
  ['answers a name with a colon', /it gave a name that no field can have/, 'mail'],
  ['answers a name with a CR LF', /it gave a name that no field can have/, 'mail'],
  ['answers an address with a CR LF', /it gave an address that is none/, 'mail'],
  ['answers an address with two', /it gave an address that is none/, 'mail'],
  ['answers parameters that are none', /it gave parameters of a sender beside RET and ENVID/, 'mail'],
  ['answers 60 lines of a reply', /it added more than 50 lines to a reply/, 'connect', 'data'],
  ['answers no reply', /it answered a refusal without a reply/],
  ['answers a reply that is null', /it answered a refusal without a reply/],
  ['answers a reply of success', /it answered the reply code 250/],
  ['answers a code that is a text', /it answered the reply code 550/],
  ['answers a code that is no number', /it answered the reply code null/],
  ['answers a status of success', /it answered the enhanced status code 2\.0\.0 with 550/],
  ['answers a status with a CR LF', /it answered the enhanced status code 5\.0\.0\s+250 with 550/],
  ['answers a reply without a text', /it answered a reply without a text/],
  ['answers no reason', /it gave no reason/, 'mail'],
  ['answers a result that is no table', /its result is no table of texts/],
];

/** What takes longer than it may, or ends the thread. */
export const endings: readonly (readonly [way: string, ended: RegExp | undefined])[] = [
  ['never answers', undefined],
  ['loops', /its code runs without a pause/],
  ['exits', /it ended itself, with the code 0/],
  ['exits later', /it ended itself, with the code 1/],
  ['leaves a rejection', /it ended with an error that was not caught: nobody looks/],
  ['throws later', /it ended with an error that was not caught: in a timer/],
];
