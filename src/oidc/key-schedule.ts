/**
 * When keys change: published → active → retired → gone (OpenID Connect Core §10.1.1).
 *
 * A key signs only after everybody who verifies has had time to learn of it, and stays until nothing counts any more
 * that it signed. Which step is due follows from rows and a time alone, so every process comes to the same answer.
 */
import { HMAC, type StoredKey } from '#src/base/keys.ts';
import { longestSessionSeconds } from '#src/base/session-limits.ts';
import { RECEIPT_ALGORITHM } from '#src/consents/receipts.ts';
import { signingAlgorithms } from '#src/registry/clients.ts';
import { clockToleranceSeconds, jwksCacheSeconds, tokenSeconds } from './lifetimes.ts';

/** The purposes whose keys rotate. Those for hashing do not: every session and identifier would be lost. */
export const rotatingPurposes = ['signing', 'receipt', 'cookie'] as const;
export type RotatingPurpose = (typeof rotatingPurposes)[number];

interface Schedule {
  /** How long a key is published before it signs, in seconds, unless somebody says otherwise. */
  readonly publishSeconds: number;
  /** The least that somebody may say. */
  readonly leastPublishSeconds: number;
  /** How long a key verifies after the last thing that it signed, in seconds; for ever where there is none. */
  readonly keepSeconds?: number;
}

const HOUR = 3600;

/** Until when a process may go on with what it knew: it asks every second, and waits for the database now and then. */
const followSeconds = 60;

export const schedules = {
  // Relying parties keep a key set for as long as they like; most ask again when they meet a key that they do not know.
  signing: {
    publishSeconds: 24 * HOUR,
    leastPublishSeconds: jwksCacheSeconds + 10 * followSeconds,
    // An ID token outlives its end as the hint of a sign-out, as long as its session lasts.
    keepSeconds:
      Math.max(tokenSeconds.IdToken, tokenSeconds.AccessToken, longestSessionSeconds) +
      clockToleranceSeconds +
      jwksCacheSeconds +
      followSeconds,
  },
  // A receipt is proof for as long as somebody keeps it, so its key verifies for ever; it is verified by people who may have
  // fetched the keys a day ago.
  receipt: { publishSeconds: 24 * HOUR, leastPublishSeconds: jwksCacheSeconds + 10 * followSeconds },
  // Only our own processes verify cookies; the longest lives as long as a session.
  cookie: {
    publishSeconds: followSeconds,
    leastPublishSeconds: followSeconds,
    keepSeconds: longestSessionSeconds + followSeconds,
  },
} as const satisfies Readonly<Record<RotatingPurpose, Schedule>>;

/** A purpose with one of its algorithms: of each there is one active key. */
export interface KeyGroup {
  readonly purpose: RotatingPurpose;
  readonly algorithm: string;
}

export const keyGroups: readonly KeyGroup[] = [
  ...signingAlgorithms.map((algorithm) => ({ purpose: 'signing', algorithm }) as const),
  { purpose: 'receipt', algorithm: RECEIPT_ALGORITHM },
  { purpose: 'cookie', algorithm: HMAC },
];

export type Step =
  | { readonly kind: 'create'; readonly group: KeyGroup }
  | { readonly kind: 'activate'; readonly key: StoredKey }
  | { readonly kind: 'retire'; readonly key: StoredKey; readonly endsAt: Date | undefined }
  | { readonly kind: 'remove'; readonly key: StoredKey };

/**
 * What has to be done now, in this order. A group without an active key gets its published one ahead of time, or a new
 * one.
 */
export function listDueSteps(keys: readonly StoredKey[], now: Date): Step[] {
  return keyGroups.flatMap((group) => {
    const own = keys.filter((key) => isIn(group, key));
    const over = own.filter(({ state, endsAt }) => state === 'retired' && endsAt && endsAt <= now);
    return [...listSuccession(own, group, now), ...over.map((key) => ({ kind: 'remove', key }) as const)];
  });
}

function listSuccession(own: readonly StoredKey[], group: KeyGroup, now: Date): Step[] {
  const active = own.find(({ state }) => state === 'active');
  const next = own.find(({ state }) => state === 'published');
  if (!active) return [next ? { kind: 'activate', key: next } : { kind: 'create', group }];
  if (!next?.activatesAt || next.activatesAt > now) return [];
  return [
    { kind: 'retire', key: active, endsAt: endAfter(group, now) },
    { kind: 'activate', key: next },
  ];
}

function endAfter({ purpose }: KeyGroup, now: Date): Date | undefined {
  const { keepSeconds }: Schedule = schedules[purpose];
  return keepSeconds === undefined ? undefined : new Date(now.getTime() + keepSeconds * 1000);
}

/** What becomes of a key next, and when; undefined for an active one without a successor, and for one that stays for ever. */
export function findNextStep(
  key: StoredKey,
  keys: readonly StoredKey[],
): { readonly kind: 'activate' | 'retire' | 'remove'; readonly at: Date } | undefined {
  if (key.state === 'published' && key.activatesAt) return { kind: 'activate', at: key.activatesAt };
  if (key.state === 'retired' && key.endsAt) return { kind: 'remove', at: key.endsAt };
  const successor = keys.find((other) => isIn(key, other) && other.state === 'published');
  return successor?.activatesAt && { kind: 'retire', at: successor.activatesAt };
}

/** When there will be something to do; undefined as long as nobody rotates. */
export function findNextChange(keys: readonly StoredKey[]): Date | undefined {
  const times = keys.flatMap((key) => findNextStep(key, keys)?.at ?? []);
  return times.sort((a, b) => a.getTime() - b.getTime())[0];
}

/** Whether a key is one of a group. */
export function isIn(group: Pick<StoredKey, 'purpose' | 'algorithm'>, key: StoredKey): boolean {
  return key.purpose === group.purpose && key.algorithm === group.algorithm;
}
