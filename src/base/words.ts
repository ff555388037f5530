/** How far apart two words are, for those who mistype one. */

/** How many letters must be added, removed, replaced or swapped with their neighbour to turn one word into another. */
export function countEdits(one: string, other: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        ...[(row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1)],
        ...(isSwapped ? [(before[j - 2] ?? 0) + 1] : []),
      );
    }
    [before, last] = [last, row];
  }
  return last[other.length] ?? 0;
}
