/** Plain text for terminals. */
import { countEdits } from '#src/base/words.ts';

/** Rows in columns as wide as their widest cell. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The word that was probably meant, when one is near enough. */
export function findNearest(word: string, words: readonly string[]): string | undefined {
  const near = words
    .map((candidate) => ({ candidate, edits: countEdits(word.toLowerCase(), candidate) }))
    .sort((a, b) => a.edits - b.edits)[0];
  return near && near.edits <= Math.max(1, Math.floor(word.length / 3)) ? near.candidate : undefined;
}
