// Does an MX host fit a policy (RFC 8461 4.1)? Pure.

/**
 * @param patterns - of a policy that was read by `readStsPolicy`
 * @param host - the name in the MX record (not what an alias leads to), lower case, without a final dot
 */
export function fitsMx(patterns: readonly string[], host: string): boolean {
  const dot = host.indexOf('.');
  // "*." stands for exactly one label: `*.example.com` fits mx.example.com, not example.com or a.mx.example.com.
  const parent = dot > 0 ? host.slice(dot) : undefined;
  return patterns.some(
    (pattern) =>
      pattern === host || (parent !== undefined && pattern.startsWith('*.') && pattern.slice(1) === parent),
  );
}
