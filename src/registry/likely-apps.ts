/** Which apps are like the one that somebody wants to register. */
import type { Db } from '#src/base/database.ts';
import { findAgencies, loadAgency } from './agencies.ts';
import { type AppFace, findFaces } from './app-faces.ts';
import type { AppRef } from './app-refs.ts';
import { findCandidates } from './candidates.ts';
import { LIKELY, type Likeness, weigh } from './likeness.ts';
import { likenessesOf } from './profiles.ts';

/** An app that is like a draft. */
export interface LikelyApp extends AppFace, Likeness {
  /** How many apps bear the same name, itself among them; more than eight are counted as nine. */
  readonly ofThatName: number;
}

/** What somebody wants to register, or what an app says now. */
export interface AppDraft {
  readonly agencyId: string;
  readonly name: string;
  readonly nameEn?: string | undefined;
  readonly description?: string | undefined;
  readonly descriptionEn?: string | undefined;
  /** Of its home page, or only the host. */
  readonly address?: string | undefined;
  readonly serviceCode?: string | undefined;
  readonly audience?: readonly string[];
  readonly claims?: readonly string[];
  /** The app itself, where there is one already: it is not like itself, nor like what somebody has told it from. */
  readonly ref?: AppRef | undefined;
}

const MOST_SHOWN = 10;

/**
 * The apps most like a draft, the likeliest first.
 *
 * @param options.limit 10 unless told otherwise
 * @throws {Refusal} `agency_not_found`
 */
export async function findLikely(db: Db, draft: AppDraft, options: { limit?: number } = {}): Promise<LikelyApp[]> {
  const alike = likenessesOf({
    ...(await sayingsOfAgency(db, draft.agencyId)),
    name: draft.name,
    nameEn: draft.nameEn,
    description: draft.description,
    descriptionEn: draft.descriptionEn,
    address: draft.address,
    serviceCode: draft.serviceCode,
    audience: (draft.audience ?? ['citizens']).toSorted(),
    claims: draft.claims ?? [],
  });
  const candidates = await findCandidates(db, [{ ...alike, ref: draft.ref }]);
  const likely = candidates
    .map((candidate) => ({ candidate, ...weigh(candidate.signals) }))
    .filter(({ score, candidate }) => score >= LIKELY && candidate.state !== 'retired' && !candidate.isDecided)
    .toSorted((one, other) => other.score - one.score || (one.candidate.ref < other.candidate.ref ? -1 : 1))
    .slice(0, options.limit ?? MOST_SHOWN);
  const faces = await findFaces(
    db,
    likely.map(({ candidate }) => candidate.ref),
  );
  return likely.flatMap(({ candidate, ...likeness }) => {
    const face = faces.get(candidate.ref);
    return face ? [{ ...face, ...likeness, ofThatName: candidate.ofThatName }] : [];
  });
}

async function sayingsOfAgency(db: Db, agencyId: string) {
  const { path } = await loadAgency(db, agencyId);
  const above = await findAgencies(db, path);
  return {
    agencyId,
    agencies: path,
    agencyNames: above.flatMap(({ name, nameEn, legalName }) => [name, nameEn, legalName]),
  };
}
