/**
 * What is left of an app's name or description for comparing it with others: without the words that every administration uses, and
 * without the name of its own agency and those above it. A regency's "Sistem Informasi Kepegawaian Kabupaten Sleman" and another
 * one's "SIMPEG" are the same words then.
 *
 * Which words are common, and what short ones stand for, is data: `administration-words.json`, in both languages.
 */
import administration from './administration-words.json' with { type: 'json' };

const common: ReadonlySet<string> = new Set(administration.common);
const short: ReadonlyMap<string, string> = new Map(Object.entries(administration.short));

/** So much is compared; a text that goes on is not told apart by its end. */
const LONGEST = 600;

/**
 * The words that tell a text from others, each once and in the order of the alphabet; empty where it has none.
 *
 * @param own the words of its agency's names and of those above, see {@link wordsOfNames}. They stay where nothing else would be left.
 */
export function tellingWords(text: string, own: ReadonlySet<string>): string {
  const telling = splitWords(text).filter((word) => !common.has(word) && !isYear(word));
  const others = telling.filter((word) => !own.has(word));
  return inOrder(others.length > 0 ? others : telling).slice(0, LONGEST);
}

/** The words of names, such as those of an agency. */
export function wordsOfNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap(splitWords));
}

/** `SiPenduduk` and `e-KTP` are two words each. */
function splitWords(text: string): string[] {
  const spelled = text.normalize('NFKD').replace(/\p{M}/gu, '');
  const words = spelled
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.filter(Boolean).flatMap((word) => short.get(word)?.split(' ') ?? [word]);
}

const isYear = (word: string): boolean => /^(19|20)\d\d$/.test(word);

function inOrder(words: readonly string[]): string {
  return [...new Set(words)].toSorted().join(' ');
}
