/** Lists of the console as files. */
import type { Context } from 'koa';
import type { Found } from '#src/registry/search.ts';
import { sendCsv } from '../csv.ts';

/** Sends all lines of a list; `next` is given the last line of the page before. */
export function sendLines<Line>(
  ctx: Context,
  name: string,
  {
    columns,
    next,
  }: {
    readonly columns: Readonly<Record<string, (line: Line) => string | undefined>>;
    readonly next: (last: Line | undefined) => Promise<Found<Line>>;
  },
): Promise<void> {
  return sendCsv(ctx, name, Object.keys(columns), rowsOf(Object.values(columns), next));
}

async function* rowsOf<Line>(
  cells: readonly ((line: Line) => string | undefined)[],
  next: (last: Line | undefined) => Promise<Found<Line>>,
): AsyncGenerator<(string | undefined)[]> {
  let last: Line | undefined;
  for (;;) {
    const { lines, hasMore } = await next(last);
    for (const line of lines) yield cells.map((cell) => cell(line));
    last = lines.at(-1);
    if (!hasMore || last === undefined) return;
  }
}
