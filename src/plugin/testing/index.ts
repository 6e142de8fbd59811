// `sluice/plugin/testing`: what tests of plugins import. docs/plugins.md tells how to write one.

export { messageAfter } from './message-after.ts';
export { testPlugin } from './test-plugin.ts';
export type { FakeClock } from './fake-clock.ts';
export type { DnsAnswers, FakeDnsTable } from './fake-dns.ts';
export type { FakeHttp, FakeHttpAnswer, HttpQuestion } from './fake-http.ts';
export type { TestFacts } from './test-facts.ts';
export type { TestedPlugin, TestSettings } from './test-plugin.ts';
