// The pages that people read: README, CONTRIBUTING and docs, with their code blocks and prose.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Page {
  /** From the root of the checkout, e.g. `docs/limits.md`. */
  readonly file: string;
  readonly text: string;
}

export const pages: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...globSync('docs/*.md', { cwd: root }).sort(),
].map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

export interface Fence {
  readonly language: string;
  readonly text: string;
  /** Number of its first line in the page, from 1. */
  readonly line: number;
}

/** The fenced blocks of a page. */
export function fencesOf({ text }: Page): Fence[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: body = '', index }) => ({
    language,
    text: body,
    line: text.slice(0, index).split('\n').length + 1,
  }));
}

/** The prose of a page: without fenced blocks and inline code. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
}
