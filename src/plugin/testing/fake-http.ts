// The web of a plugin under test: answers of the test. Questions are kept, so that the test can look at them.

import type { FetchAnswer, FetchRequest } from '../types.ts';

/** A question of the plugin. */
export interface HttpQuestion {
  readonly url: string;
  readonly method: string;
  /** Names as the plugin wrote them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A status, or more of an answer; what is no text in `body` becomes JSON. `failing`: there is no answer. */
export type FakeHttpAnswer =
  | number
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  | 'failing';

/** Answers by URL, or a function. The table is read at each question; without an entry for the URL there is no answer. */
export type FakeHttp =
  | Readonly<Record<string, FakeHttpAnswer>>
  | ((question: HttpQuestion) => FakeHttpAnswer | Promise<FakeHttpAnswer>);

/** @param keep - called with each question */
export function fakeFetch(http: FakeHttp, keep: (question: HttpQuestion) => void) {
  return async (url: string, request: FetchRequest = {}): Promise<FetchAnswer> => {
    const { href, protocol } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${url} is no URL of the web`);
    const { body = '', headers = {}, method = request.body === undefined ? 'GET' : 'POST' } = request;
    const question: HttpQuestion = {
      url: href,
      method,
      headers,
      body: typeof body === 'string' ? body : Buffer.from(body).toString(),
    };
    keep(question);
    const answer = typeof http === 'function' ? await http(question) : answerOf(http, href);
    if (answer === 'failing') throw new Error(`${href} does not answer`);
    return answerFrom(typeof answer === 'number' ? { status: answer } : answer);
  };
}

/** Keys are compared as URLs: `http://a.example` is `http://a.example/`. */
function answerOf(table: Readonly<Record<string, FakeHttpAnswer>>, href: string): FakeHttpAnswer {
  const found = Object.entries(table).find(([key]) => URL.parse(key)?.href === href);
  if (found === undefined) throw new Error(`this test has no answer of ${href}`);
  return found[1];
}

function answerFrom({
  status = 200,
  headers = {},
  body = '',
}: Exclude<FakeHttpAnswer, number | string>): FetchAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    status,
    headers: Object.fromEntries(lowered) as Record<string, string>,
    bytes: Buffer.from(text),
    text: () => text,
    json: () => JSON.parse(text) as unknown,
  };
}
