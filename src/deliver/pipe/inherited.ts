// What every program that gets mail has of the environment of this process.

/** Not the PATH of this process: an administrator who starts Sluice from a shell may have folders of their own in it. */
const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What programs get beside the facts of the mail. There may be secrets in the rest of the environment of this process. */
export function inheritedByPrograms(): Record<string, string> {
  const { LANG, TZ } = process.env;
  return { PATH: programPath, ...(LANG !== undefined && { LANG }), ...(TZ !== undefined && { TZ }) };
}
