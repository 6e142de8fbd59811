// Random order, by Durstenfeld's form of the Fisher-Yates shuffle (CACM 7:7, 1964, algorithm 235).

/** Shuffles in place; `random` returns a number in [0, 1). */
export function shuffle(items: unknown[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}
