// Which macros a milter is told with which command: names, and what Postfix sends by default.

/** The commands that macros come with. Their place is their number in a negotiation. */
export const macroStages = ['connect', 'helo', 'mail', 'rcpt', 'data', 'eom', 'eoh'] as const;

export type MacroStage = (typeof macroStages)[number];

/** Names of macros; those of more than one letter have braces. */
export type MacroLists = Readonly<Record<MacroStage, readonly string[]>>;

export const usualMacros: MacroLists = {
  connect: ['j', '{daemon_name}', '{daemon_addr}', 'v', '_'],
  helo: ['{tls_version}', '{cipher}', '{cipher_bits}', '{cert_subject}', '{cert_issuer}'],
  mail: ['i', '{auth_type}', '{auth_authen}', '{auth_author}', '{mail_addr}', '{mail_host}', '{mail_mailer}'],
  rcpt: ['i', '{rcpt_addr}', '{rcpt_host}', '{rcpt_mailer}'],
  data: ['i'],
  eom: ['i'],
  eoh: ['i'],
};

const macroName = /^(?:[A-Za-z_]|\{[A-Za-z0-9_.-]{1,64}\})$/;

export function isMacroName(text: string): boolean {
  return macroName.test(text);
}
