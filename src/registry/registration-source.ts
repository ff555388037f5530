/** A YAML file of which every value still knows its line and column. */
import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { Finding } from './registration-findings.ts';

/** One thing wrong in a file, and where. Lines and columns count from 1; 0 where the file as a whole is meant. */
export interface Mistake {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly expected: string;
}

/** `file:line:column: what; expected …`, which editors and CI turn into links. */
export function formatMistake({ file, line, column, what, expected }: Mistake): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return `${place}: ${what}; expected ${expected}`;
}

type Place = Pick<Finding, 'path' | 'key'>;

/** The content of a file, and where a place in it stands. */
export interface Source {
  readonly content: unknown;
  placeOf(place: Place): { line: number; column: number };
}

const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_YAML_MISTAKES = 20;

/** Reads one file; or says why it is no YAML. Aliases are refused: they can make a small file immense. */
export async function readSource(file: string): Promise<Source | { mistakes: Mistake[] }> {
  const text = await readText(file);
  if (typeof text !== 'string') return { mistakes: [{ file, line: 0, column: 0, ...text }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistakes = findYamlMistakes(document, file, lines);
  if (mistakes.length > 0) return { mistakes };
  return { content: document.toJS(), placeOf: (place) => positionOf(document, lines, place) };
}

async function readText(file: string): Promise<string | { what: string; expected: string }> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_FILE_BYTES)
      return {
        what: 'the file is too large',
        expected: `at most ${MAX_FILE_BYTES / 1024 / 1024} MiB; use several files`,
      };
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
      ? { what: 'the file is not UTF-8', expected: 'text in UTF-8' }
      : { what: `the file cannot be read (${code})`, expected: 'a YAML file' };
  }
}

const yamlExpectations: Record<string, string> = {
  BAD_INDENT: 'every key of a mapping at the same column',
  DUPLICATE_KEY: 'each key once',
  MULTIPLE_DOCS: 'one document in a file',
  TAB_AS_INDENT: 'spaces, not tabs, at the beginning of a line',
};

function findYamlMistakes(document: Document, file: string, lines: LineCounter): Mistake[] {
  const mistakes = [...document.errors, ...document.warnings].map(({ code, message, pos: [offset] }) => ({
    file,
    ...at(lines, offset),
    what: message,
    expected: yamlExpectations[code] ?? 'YAML 1.2',
  }));
  visit(document, {
    Alias(_, { range, source }) {
      const expected = 'the value itself, written out';
      mistakes.push({ file, ...at(lines, range?.[0] ?? 0), what: `the alias *${source}`, expected });
    },
  });
  // One slip makes many errors; those behind the first are of little use.
  return mistakes.slice(0, MAX_YAML_MISTAKES);
}

/** Where a path leads in the source; what is missing is at the nearest mapping or list around it. */
function positionOf(document: Document, lines: LineCounter, { path, key }: Place) {
  let node: Node | undefined;
  for (let depth = path.length; depth > 0 && !node; depth -= 1) {
    const found = document.getIn(path.slice(0, depth), true);
    if (isNode(found)) node = found;
  }
  node ??= document.contents ?? undefined;
  const pair = isMap(node) ? node.items.find((item) => isNode(item.key) && item.key.toJS(document) === key) : undefined;
  const target = isNode(pair?.key) ? pair.key : node;
  return at(lines, target?.range?.[0] ?? 0);
}

function at(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
