// The value of MT-PRIORITY, as a parameter and in a header field (RFC 6710 7, RFC 6758 3): -9 to 9, higher is more urgent.

/** RFC 6710 7 priority-value: no plus sign, no leading zero, no minus before 0. */
const priorityValue = /^(?:0|-?[1-9])$/;

/** The number; undefined when the text is not exactly a priority value. */
export function parsePriority(text: string): number | undefined {
  return priorityValue.test(text) ? Number(text) : undefined;
}
