/**
 * Every limit on guessing and on the cost of messages, by name: how many in which time, and which attack it answers. What
 * counts is in `people/throttles.ts`; an operator changes the numbers by `LIMITS`.
 *
 * Up to `points` pass at once. Then one passes after half a minute, the next after a minute, and so on, doubling up to a
 * quarter of `duration`, until that is over and everything begins anew. Of a day that is 12 more than `points`.
 *
 * A mobile carrier puts thousands of people behind one network, hence the distance between what one network may do to one
 * account and what it may do in all. What all networks together may do to an account is several times what one of them may,
 * so that none of them alone can lock its owner out. Two addresses of one account use up together what the account has, so
 * that nobody learns from the waiting whether they belong to one.
 *
 * A browser that the account has been used with counts for itself, and no other limit holds it up, but for what messages to
 * phones cost by operator: there all such browsers count together, apart from strangers.
 */

export interface Limit {
  readonly points: number;
  /** In seconds, from the first one. */
  readonly duration: number;
  /** Which attack it answers. */
  readonly answers: string;
  /** Of everybody together: kept by each process and merged every second, so that no row is everybody's. */
  readonly isTotal?: true;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const limits = {
  password_from_device: {
    points: 10,
    duration: DAY,
    answers: 'somebody at a browser of the owner guesses the password; the owner elsewhere is not held up',
  },
  password_from_network_to_account: {
    points: 10,
    duration: DAY,
    answers: 'one person guesses the password of one account; the owner elsewhere is not held up',
  },
  password_from_network: {
    points: 300,
    duration: 15 * MINUTE,
    answers: 'one machine tries a common password, or a stolen list, on many accounts',
  },
  password_to_identifier: {
    points: 38,
    duration: DAY,
    answers: 'many machines guess the password behind one address',
  },
  password_to_account: {
    points: 88,
    duration: DAY,
    answers:
      'many machines guess the password of one account by all its addresses (NIST SP 800-63B-4 §3.2.2: at most 100 failures)',
  },
  password_in_all: {
    points: 1_200,
    duration: MINUTE,
    answers: 'many machines try stolen passwords, each on a few accounts of many (credential stuffing)',
    isTotal: true,
  },
  code_from_device: {
    points: 10,
    duration: DAY,
    answers: 'somebody at a browser of the owner floods their mailbox or phone with codes',
  },
  code_from_network_to_address: {
    points: 10,
    duration: DAY,
    answers: 'somebody floods a mailbox or a phone with codes, or asks for them to guess one: 110 guesses in a million',
  },
  code_from_network: {
    points: 300,
    duration: HOUR,
    answers: 'one machine floods many mailboxes and phones with codes',
  },
  code_to_address: {
    points: 40,
    duration: DAY,
    answers:
      'many machines flood a mailbox or a phone with codes, or ask for them to guess one: 260 guesses in a million',
  },
  message_from_network: {
    points: 1_000,
    duration: DAY,
    answers: 'one machine makes us pay for messages to many phones all day',
  },
  message_to_prefix: {
    points: 20_000,
    duration: DAY,
    answers: 'many machines make us pay for messages to the numbers of one Indonesian operator, who shares the price',
  },
  message_abroad_to_prefix: {
    points: 200,
    duration: DAY,
    answers: 'many machines make us pay for messages to the numbers of one operator abroad, who shares the price',
  },
  message_abroad: {
    points: 2_000,
    duration: DAY,
    answers: 'many machines make us pay for messages to expensive numbers all over the world',
  },
  wrong_code_from_device: {
    points: 20,
    duration: HOUR,
    answers: 'somebody at a browser of the owner guesses codes',
  },
  wrong_code_from_network: {
    points: 100,
    duration: HOUR,
    answers: 'one machine guesses codes of many addresses',
  },
  totp_from_device: {
    points: 10,
    duration: DAY,
    answers: 'somebody at a browser of the owner guesses the codes of the authenticator app',
  },
  totp_from_network_to_account: {
    points: 10,
    duration: DAY,
    answers:
      'somebody who has the password guesses the codes of its authenticator app: 110 in a million a day, 5 of a million being right at a time',
  },
  totp_to_account: {
    points: 52,
    duration: DAY,
    answers: 'many machines guess the codes of one authenticator app: 320 in a million a day at most',
  },
  recovery_code_from_network_to_account: {
    points: 100,
    duration: HOUR,
    answers:
      'one machine keeps the database busy with made-up recovery codes for an account; with 80 random bits none is guessed',
  },
  sheet_code_from_network: {
    points: 100,
    duration: HOUR,
    answers:
      'one machine keeps the database busy with made-up codes of desk sheets; with 88 random bits none is guessed',
  },
  desk_look_up_by_officer: {
    points: 60,
    duration: DAY,
    answers: 'an officer, or somebody at their browser, tries addresses to see who has an account',
  },
  desk_sheet_by_officer: {
    points: 20,
    duration: DAY,
    answers: 'an officer, or somebody at their browser, issues sheets for many accounts',
  },
  release_report_by_account: {
    points: 20,
    duration: DAY,
    answers: 'somebody floods the owners of an app with reports, each of them a message',
  },
  data_download_by_account: {
    points: 5,
    duration: DAY,
    answers: 'somebody at a browser that is signed in has all of an account put together again and again',
  },
  catalogue_from_network: {
    points: 6_000,
    duration: 10 * MINUTE,
    answers: 'one machine keeps the database busy with searches of the catalogue, whatever it has of them already',
  },
  api_change_by_machine: {
    points: 600,
    duration: HOUR,
    answers: 'a machine run wild, or its stolen token, fills the registry with versions and keeps it locked for others',
  },
  notice_by_hand_to_app: {
    points: 600,
    duration: HOUR,
    answers: 'somebody on the console, or a machine, has us call the addresses of an app without end',
  },
  wrong_code_in_all: {
    points: 600,
    duration: MINUTE,
    answers: 'many machines guess codes, each of a few addresses of many',
    isTotal: true,
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;

export type Limits = Readonly<Record<LimitName, Limit>>;

/** The numbers that an operator has chosen. */
export type ChosenLimits = Readonly<Partial<Record<LimitName, Pick<Limit, 'points' | 'duration'>>>>;

/** The limits with the numbers of `LIMITS` in place of their own. */
export function withChosen(chosen: ChosenLimits): Limits {
  const named = Object.entries(limits) as [LimitName, Limit][];
  return Object.fromEntries(named.map(([name, limit]) => [name, { ...limit, ...chosen[name] }])) as unknown as Limits;
}

const MOST_POINTS = 10_000_000;
/** What a timer of Node can wait for. */
const LONGEST_DAYS = 24;

/** Reads `name=points/seconds,…`. `mistakes` has a sentence for each part that is not right. */
export function readLimits(text: string): { readonly chosen: ChosenLimits; readonly mistakes: readonly string[] } {
  const chosen: Partial<Record<string, Pick<Limit, 'points' | 'duration'>>> = {};
  const mistakes: string[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    const [, name = '', points, duration] = /^(\w+)=(\d{1,9})\/(\d{1,9})$/.exec(part) ?? [];
    if (!name) mistakes.push(`"${part}" is not like ${Object.keys(limits)[0]}=10/86400`);
    else if (!Object.hasOwn(limits, name)) mistakes.push(`there is no limit ${name}`);
    else if (chosen[name]) mistakes.push(`${name} is there twice`);
    else if (!isWithin(Number(points), MOST_POINTS) || !isWithin(Number(duration), LONGEST_DAYS * DAY))
      mistakes.push(`${name} takes 1 to ${MOST_POINTS} points in 1 second to ${LONGEST_DAYS} days`);
    else chosen[name] = { points: Number(points), duration: Number(duration) };
  }
  return { chosen, mistakes };
}

function isWithin(number: number, most: number): boolean {
  return number >= 1 && number <= most;
}

/** The same as {@link readLimits} reads. */
export function printLimits(all: Limits): string {
  return (Object.keys(limits) as LimitName[])
    .filter((name) => all[name].points !== limits[name].points || all[name].duration !== limits[name].duration)
    .map((name) => `${name}=${all[name].points}/${all[name].duration}`)
    .join(',');
}
