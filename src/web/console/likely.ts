/** Apps that are like another one, as the person who visits may know them. */
import type { Language } from '#src/base/refusals.ts';
import { showTo } from '#src/registry/brake.ts';
import type { LikelyApp } from '#src/registry/duplicates.ts';
import type { ShownLikely } from '#views/console/parts/likely.ts';
import type { ConsoleVisit } from './visit.ts';

/** What is shown of each; see `registry/brake.ts`. */
export async function showLikely(
  { ctx, db, held }: Pick<ConsoleVisit, 'ctx' | 'db' | 'held'>,
  likely: readonly LikelyApp[],
): Promise<ShownLikely[]> {
  const language: Language = ctx.state.language;
  const shown = await showTo(db, held, likely);
  return shown.map(({ app, isHidden }) => ({
    ref: app.ref,
    name: isHidden ? undefined : app.name[language],
    agency: app.agencyName[language],
    host: isHidden ? undefined : app.host,
    state: app.state,
    isStrong: app.isStrong,
    score: app.score,
    // A host or a code would say which one it is.
    reasons: app.reasons.map(({ code, value, what }) => ({ code, value, what: isHidden ? undefined : what })),
  }));
}
