// Patterns that operators write to choose addresses and domains: `news-*@example.com`.

/** Case does not matter; `*` stands for anything; `<>` is the null sender. */
export function textPattern(text: string | undefined): (candidate: string) => boolean {
  if (text === undefined) return () => true;
  const wanted = text === '<>' ? '' : text.toLowerCase();
  const parts = wanted.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return (candidate) => candidate.toLowerCase() === wanted;
  const middle = parts.slice(1, -1);
  return (candidate) => {
    const lower = candidate.toLowerCase();
    if (lower.length < first.length + last.length || !lower.startsWith(first) || !lower.endsWith(last))
      return false;
    let at = first.length;
    for (const part of middle) {
      const found = lower.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= lower.length - last.length;
  };
}
