/** Apps that are like another one, as the person who visits may know them. */
import type { Language } from '#src/base/refusals.ts';
import { findFaces } from '#src/registry/app-faces.ts';
import { findAlike, showTo } from '#src/registry/brake.ts';
import type { CaseDuplicate } from '#src/registry/cases.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import type { LikelyApp } from '#src/registry/likely-apps.ts';
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

/**
 * Apps that a case named, with what they have in common with the app today. One that is like it no longer, or is not there any
 * more, is shown by its score of then, or left out.
 */
export async function showAlike(
  visit: Pick<ConsoleVisit, 'ctx' | 'db' | 'held'>,
  client: ClientRecord | undefined,
  named: readonly CaseDuplicate[],
): Promise<ShownLikely[]> {
  const { db } = visit;
  const likely = client ? (await findAlike(db, client)).filter(({ ref }) => named.some((one) => one.ref === ref)) : [];
  const missing = named.filter(({ ref }) => !likely.some((one) => one.ref === ref));
  const faces = await findFaces(
    db,
    missing.map(({ ref }) => ref),
  );
  const asNamed = missing.flatMap(({ ref, score }) => {
    const face = faces.get(ref);
    return face ? [{ ...face, score, isStrong: false, reasons: [], ofThatName: 1 }] : [];
  });
  return showLikely(visit, [...likely, ...asNamed]);
}
