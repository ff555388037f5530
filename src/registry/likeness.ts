/**
 * How alike two apps are: a number from what they have in common, and the reasons for it.
 *
 * Each thing in common is a chance that they are the same app, and chances add up as those of independent events do:
 * `1 - (1 - a)(1 - b)…`. So two weak reasons make a stronger one, and no number of them makes certain. The weights are set by the
 * labelled sample (`docs/duplicates.md`).
 */

/** From here on two apps are shown as likely the same, */
export const LIKELY = 0.5;
/** and from here on a new one has to be justified. */
export const STRONG = 0.75;

/** So many apps of one name are a family: the name alone tells no two of them apart, or together. */
export const MOST_OF_A_NAME = 8;
/** A host or domain of more apps than this is a portal's, */
export const MOST_OF_A_HOST = 5;
/** and a service code of more is everybody's. */
export const MOST_OF_A_CODE = 20;

/** Shorter names than this are alike when they are the same, and only then: half of their letters are one letter's difference. */
export const SHORTEST = 6;

/** What two apps have in common. */
export const reasonCodes = [
  'name',
  'name-en',
  'description',
  'description-en',
  'host',
  'domain',
  'service-code',
  'claims',
  'agency',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/** One thing in common. */
export interface LikelyReason {
  readonly code: ReasonCode;
  /** How alike, in percent; for a host, a domain or a service code how many apps have it; for claims how many. */
  readonly value: number;
  /** The host, the domain or the code itself. */
  readonly what?: string;
}

/** What the database says of two apps. */
export interface Signals {
  readonly name: number;
  readonly nameEn: number;
  /** Of the shorter of the names. */
  readonly nameLength: number;
  readonly description: number;
  readonly descriptionEn: number;
  /** What both have, and how many apps have it. */
  readonly host: Shared | undefined;
  readonly domain: Shared | undefined;
  readonly serviceCode: Shared | undefined;
  /** How many claims, where they and whom the app serves are the same. */
  readonly claims: number;
  readonly isSameAgency: boolean;
  /** Whether both have the name of a family, and agencies that have nothing to do with each other. */
  readonly isOnlyFamily: boolean;
}

/** What two apps share with some others. */
export interface Shared {
  readonly what: string;
  readonly apps: number;
}

/** How much two apps are alike, and why. */
export interface Likeness {
  /** From 0 to 1. */
  readonly score: number;
  readonly isStrong: boolean;
  /** The weightiest first. */
  readonly reasons: readonly LikelyReason[];
}

interface Weighed {
  readonly weight: number;
  readonly reason: LikelyReason;
}

/** Weighs what two apps have in common. */
export function weigh(signals: Signals): Likeness {
  const placed = [
    ...[sharedBy('host', signals.host, 0.45, MOST_OF_A_HOST), domainOf(signals)],
    sharedBy('service-code', signals.serviceCode, 0.55, MOST_OF_A_CODE),
  ];
  const telling = [...textsOf(signals), ...placed].filter((one) => one !== undefined);
  const all = telling.length === 0 ? [] : [...telling, ...besides(signals)];
  const score = 1 - all.reduce((left, { weight }) => left * (1 - weight), 1);
  const reasons = all.toSorted((one, other) => other.weight - one.weight).map(({ reason }) => reason);
  return { score: Math.round(score * 1000) / 1000, isStrong: score >= STRONG, reasons };
}

/** A description says again what the name says: the weaker of the two counts for a quarter. */
function textsOf(signals: Signals): Weighed[] {
  const texts = [nameOf(signals), descriptionOf(signals)].filter((one) => one !== undefined);
  const [first, second] = texts.toSorted((one, other) => other.weight - one.weight);
  if (!first || !second) return texts;
  return [first, { ...second, weight: second.weight / 4 }];
}

/** Alike from nothing at `from` to the whole weight at 1. */
const ramp = (similarity: number, from: number, weight: number): number =>
  Math.max(0, (similarity - from) / (1 - from)) * weight;

function nameOf({ name, nameEn, nameLength, isOnlyFamily }: Signals): Weighed | undefined {
  const best = Math.max(name, nameEn);
  if (isOnlyFamily || best < 0.45 || (nameLength < SHORTEST && best < 1)) return undefined;
  const weight = ramp(best, 0.45, nameLength < SHORTEST ? 0.6 : 0.78);
  return { weight, reason: { code: nameEn > name ? 'name-en' : 'name', value: percent(best) } };
}

function descriptionOf({ description, descriptionEn }: Signals): Weighed | undefined {
  const best = Math.max(description, descriptionEn);
  if (best < 0.55) return undefined;
  const code = descriptionEn > description ? 'description-en' : 'description';
  return { weight: ramp(best, 0.55, 0.55), reason: { code, value: percent(best) } };
}

/** What few share says more than what many do; what more than `most` share says nothing. */
function sharedBy(
  code: 'host' | 'domain' | 'service-code',
  shared: Shared | undefined,
  weight: number,
  most: number,
): Weighed | undefined {
  if (!shared || shared.apps > most) return undefined;
  const { what, apps } = shared;
  return { weight: apps > MOST_OF_A_HOST ? weight / 2 : weight, reason: { code, value: apps, what } };
}

/** A host in common says it better. */
function domainOf({ host, domain }: Signals): Weighed | undefined {
  return host ? undefined : sharedBy('domain', domain, 0.1, MOST_OF_A_HOST);
}

/** What only speaks beside something else. */
function besides({ claims, isSameAgency, host }: Signals): Weighed[] {
  const found: Weighed[] = [];
  if (claims >= 3) found.push({ weight: 0.05, reason: { code: 'claims', value: claims } });
  if (isSameAgency && !host) found.push({ weight: 0.1, reason: { code: 'agency', value: 1 } });
  return found;
}

const percent = (share: number): number => Math.round(share * 100);
