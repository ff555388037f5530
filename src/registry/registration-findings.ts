/** What is wrong in a declaration, in words that say what would be right. */
import type { z } from 'zod';
import { countEdits } from '#src/base/words.ts';

/** Something wrong in a declaration. `path` leads to it from where the caller looks. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly what: string;
  readonly expected: string;
  /** The path leads to a mapping; the mistake is at this key of it. */
  readonly key?: string;
}

/** One finding at a key of the mapping looked at, when `wrong`. */
export function findWhen(wrong: boolean, key: string, what: string, expected: string): Finding[] {
  return wrong ? [{ path: [], key, what, expected }] : [];
}

/** The words of a complaint that is our own and not zod's; travels as the text of the message. */
export function complain(what: string, expected: string): { error: string } {
  return { error: JSON.stringify({ what, expected }) };
}

/** One complaint of zod. `name` is what to call the whole, `knownKeys` what a mapping at a path may have. */
export function toFindings(
  issue: z.core.$ZodIssue,
  content: unknown,
  { name, knownKeys }: { name: string; knownKeys: (path: readonly PropertyKey[]) => readonly string[] },
): Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...{ path, key },
      what: `the key ${show(key)} is not known`,
      expected: suggest(key, knownKeys(path)),
    }));
  const value = path.reduce(readKey, content);
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find(([first]) => first?.code !== 'invalid_type' || first.path.length > 0);
    const complaints = meant ?? issue.errors.at(-1) ?? [];
    return complaints.flatMap((one) =>
      toFindings({ ...one, path: [...path, ...one.path] }, content, { name, knownKeys }),
    );
  }
  return [{ path, ...describe(issue, nameOf(path) ?? name, value) }];
}

function nameOf(path: readonly PropertyKey[]): string | undefined {
  const key = path.findLast((step) => typeof step === 'string');
  return typeof path.at(-1) === 'number' ? `an entry of ${key}` : key;
}

function describe(issue: z.core.$ZodIssue, name: string, value: unknown): { what: string; expected: string } {
  if (issue.code === 'invalid_type')
    return { what: `${name} is ${kindOf(value)}`, expected: kinds[issue.expected] ?? issue.expected };
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    if (typeof value !== 'string') return { what: `${name} is ${kindOf(value)}`, expected: oneOf(known) };
    return { what: `${name} is ${show(value)}`, expected: suggest(value, known) };
  }
  if (issue.code === 'too_big')
    return { what: `${name} is too large`, expected: `at most ${issue.maximum}${unit(issue.origin)}` };
  if (issue.code === 'too_small')
    return { what: `${name} is too small`, expected: `at least ${issue.minimum}${unit(issue.origin)}` };
  if (issue.message.startsWith('{')) {
    const { what, expected } = JSON.parse(issue.message) as { what: string; expected: string };
    return { what: `${name} ${what}`, expected };
  }
  return { what: `${name} is not right`, expected: issue.message };
}

const kinds: Record<string, string> = {
  string: 'text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a whole number',
};

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  return Array.isArray(value) ? 'a list' : (kinds[typeof value] ?? typeof value).replace('whole ', '');
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

/** The value at a key, of a mapping or a list; undefined of anything else. */
export function readKey(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

/** A value as it stands in a file, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** The words that would have been right, for the end of a sentence. */
export function oneOf(values: readonly string[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

/** The known word that somebody meant, or all of them. */
export function suggest(word: string, known: readonly string[]): string {
  const [closest] = known
    .map((candidate) => ({ candidate, edits: countEdits(word.slice(0, 100), candidate) }))
    .sort((one, other) => one.edits - other.edits);
  const limit = Math.max(1, Math.ceil(word.length / 3));
  return closest && closest.edits <= limit ? `${closest.candidate}, did you mean that?` : oneOf(known);
}
