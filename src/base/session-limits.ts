/**
 * How long sessions live: without use, and in all. By the assurance of the sign-in (NIST SP 800-63B-4 §2), because what opens
 * more ends sooner; and shorter on a device that others use too.
 */

/** In seconds. */
export interface SessionLimit {
  /** Without use; as uses are written down by the minute, a use may count up to a minute less. */
  readonly idle: number;
  /** Since the last proof of who it is. */
  readonly absolute: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** What is in force unless the settings say otherwise. `shared` also holds beside the others, where it is shorter. */
export const sessionLimits = {
  aal1: { idle: HOUR, absolute: 24 * HOUR },
  aal2: { idle: HOUR, absolute: 24 * HOUR },
  aal3: { idle: 15 * MINUTE, absolute: 12 * HOUR },
  shared: { idle: 10 * MINUTE, absolute: HOUR },
} as const satisfies Record<string, SessionLimit>;

export type SessionLimits = Readonly<Record<keyof typeof sessionLimits, SessionLimit>>;

/** The most that a session may live in all, in seconds: how long keys and grants are kept counts on it. */
export const longestSessionSeconds = 24 * HOUR;

const LEAST_IDLE = 5 * MINUTE;

/** Reads `aal2=1h/24h,…`; what is left out stays. `mistakes` has a sentence for each part that is not right. */
export function readSessionLimits(text: string): {
  readonly chosen: SessionLimits;
  readonly mistakes: readonly string[];
} {
  const chosen: Record<string, SessionLimit> = {};
  const mistakes: string[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    const [, name = '', idle, absolute] = /^(\w+)=(\d{1,4}[mh])\/(\d{1,4}[mh])$/.exec(part) ?? [];
    const limit = { idle: secondsOf(idle), absolute: secondsOf(absolute) };
    if (!name) mistakes.push(`"${part}" is not like aal2=1h/24h`);
    else if (!Object.hasOwn(sessionLimits, name)) mistakes.push(`there is no ${name}, but aal1, aal2, aal3 and shared`);
    else if (chosen[name]) mistakes.push(`${name} is there twice`);
    else if (limit.idle < LEAST_IDLE || limit.idle > limit.absolute || limit.absolute > longestSessionSeconds)
      mistakes.push(`${name} takes at least 5m without use, no more than in all, and at most 24h in all`);
    else chosen[name] = limit;
  }
  return { chosen: { ...sessionLimits, ...chosen }, mistakes };
}

function secondsOf(text = ''): number {
  return Number.parseInt(text, 10) * (text.endsWith('h') ? HOUR : MINUTE);
}

/** The same as {@link readSessionLimits} reads it. */
export function saySessionLimits(limits: SessionLimits): string {
  return Object.entries(limits)
    .map(([name, { idle, absolute }]) => `${name}=${sayTime(idle)}/${sayTime(absolute)}`)
    .join(',');
}

function sayTime(seconds: number): string {
  return seconds % HOUR === 0 ? `${seconds / HOUR}h` : `${seconds / MINUTE}m`;
}
