/**
 * What stands for an app that another agency is still making, where a pair of apps is addressed. An id is mostly made of the name, and would
 * tell it; what stands for it says nothing, cannot be guessed, and serves only beside the other app of the pair.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type AppFace, mayName } from '#src/registry/app-faces.ts';
import { type AppRef, parseAppRef } from '#src/registry/app-refs.ts';
import type { HeldRole } from '#src/registry/authority.ts';
import type { Reach } from '#src/registry/coordination.ts';
import { type AppPair, findPair, listPairsOf, type PairPosition, positionOf } from '#src/registry/duplicates.ts';

/** Somebody who looks at pairs, and what they coordinate. */
export interface PairReader {
  readonly held: readonly HeldRole[];
  readonly reach: Reach;
  readonly secrets: Secrets;
}

const LENGTH = 22;

/** What stands for an app that is hidden. */
export function standInFor(secrets: Secrets, ref: AppRef): string {
  return `hidden:${secrets.hash('stand-in', ref).toString('base64url').slice(0, LENGTH)}`;
}

/** How an app is named to a reader, and whether that is its own name. */
export function namedTo({ held, reach, secrets }: PairReader, face: AppFace): { ref: string; isNamed: boolean } {
  const isNamed = mayName(face, held, reach);
  return { ref: isNamed ? face.ref : standInFor(secrets, face.ref), isNamed };
}

/**
 * The pair that an address names to this reader. By its own name an app that is hidden from them is not found, so that nobody learns by
 * guessing whether there is one.
 *
 * @throws {Refusal} `not_here`
 */
export async function loadPairNamed(db: Db, reader: PairReader, low: string, high: string): Promise<AppPair> {
  const pair = await findNamed(db, reader.secrets, low, high);
  const named = pair && [pair.low, pair.high].map((face) => namedTo(reader, face).ref);
  if (!pair || !named?.includes(low) || !named.includes(high)) throw new Refusal('not_here', 'no such pair');
  return pair;
}

async function findNamed(db: Db, secrets: Secrets, low: string, high: string): Promise<AppPair | undefined> {
  const [one, other] = [parseAppRef(low), parseAppRef(high)];
  if (one && other) return findPair(db, one, other);
  const known = one ?? other;
  if (!known) return undefined;
  const standIn = one ? high : low;
  const isMeant = (face: AppFace) => face.ref !== known && standInFor(secrets, face.ref) === standIn;
  return (await listPairsOf(db, known)).find((pair) => isMeant(pair.low) || isMeant(pair.high));
}

/** The place of a pair in their order, as an address of this reader's says it. */
export function placeOfPair(reader: PairReader, pair: AppPair): string[] {
  return [String(pair.score), namedTo(reader, pair.low).ref, namedTo(reader, pair.high).ref];
}

/** The place that an address says; where its pair is no more, that of the first pair with its score. */
export async function readPairPlace(
  db: Db,
  { secrets }: Pick<PairReader, 'secrets'>,
  place: readonly string[],
): Promise<PairPosition | undefined> {
  const [score, low, high] = place;
  if (low === undefined || high === undefined || !Number.isFinite(Number(score))) return undefined;
  const at = { score: Number(score) };
  if (parseAppRef(low) && parseAppRef(high)) return { ...at, low, high };
  const pair = await findNamed(db, secrets, low, high);
  return pair ? { ...positionOf(pair), ...at } : { ...at, low: '', high: '' };
}
