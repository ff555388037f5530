/** Reads in the source which statements are sent, and through which door. Careful, not clever: the source is formatted by Biome. */

/** One statement as the source sends it: who sends it, and what is known of its text and of the shard it is sent to. */
export interface Sending {
  readonly place: string;
  /** Written out, looked up by its name, or undefined when it is put together elsewhere. */
  readonly text: string | undefined;
  /** What `for` or `forAll` was given; undefined without the door. */
  readonly door: string | undefined;
  /** `$1`, where the values are written out. */
  readonly first: string | undefined;
}

/** Every call by which a file sends a statement. */
export function sendingsIn(
  { path, text }: { readonly path: string; readonly text: string },
  constants: ReadonlyMap<string, string>,
): Sending[] {
  const code = withoutComments(text);
  const call = /\.(?:query|first|execute|read|write|soon|copy)(?:<[^(]*>)?\(/g;
  return [...code.matchAll(call)].map((match) => {
    const scope = scopeBefore(code, match.index);
    const [said = '', values = ''] = argumentsAt(code, match.index + match[0].length);
    return {
      place: `${path}:${code.slice(0, match.index).split('\n').length}`,
      text: literalOf(said) ?? constants.get(said.replace(/^statements\./, '')),
      door: doorOf(senderBefore(code, match.index), scope),
      first: firstOf(values, scope),
    };
  });
}

/** With as many lines as before. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ''));
}

/** What stands in the same function or method before a place in it. */
function scopeBefore(code: string, end: number): string {
  const block = behindLast(code.slice(0, end), /^}/gm);
  return /^(export )?(abstract )?class\b/m.test(block) ? behindLast(block, /^ {2}}$/gm) : block;
}

function behindLast(code: string, pattern: RegExp): string {
  return code.slice([...code.matchAll(pattern)].at(-1)?.index ?? 0);
}

/** What a name was last made of in a scope. */
function constIn(scope: string, name: string): string | undefined {
  if (!/^\w+$/.test(name)) return undefined;
  return [...scope.matchAll(new RegExp(`\\bconst ${name} =\\s*([^;]+);`, 'g'))].at(-1)?.[1];
}

/** The expression that ends at a place: names, dots and whatever is in brackets. */
function senderBefore(code: string, end: number): string {
  let depth = 0;
  let begin = end;
  for (let at = end - 1; at >= 0; at -= 1) {
    const letter = code[at] ?? '';
    if (')]'.includes(letter)) depth += 1;
    else if ('(['.includes(letter)) depth -= 1;
    else if (depth === 0 && !/[\w$#.?\s]/.test(letter)) break;
    // A space belongs to it only where a chain of calls goes on in the next line.
    if (depth < 0 || (depth === 0 && /\s/.test(letter) && !/^\s*\??\./.test(code.slice(at, end + 1)))) break;
    begin = at;
  }
  return code.slice(begin, end).trim();
}

/** The first of some values, where they are written out; lists in the list are followed. */
function firstOf(values: string, scope: string): string | undefined {
  const list = values.startsWith('[') ? values : (constIn(scope, values) ?? '');
  const first = /^\[\s*([^,\]]+)/.exec(list)?.[1]?.trim();
  return first?.startsWith('...') ? firstOf(first.slice(3), scope) : first;
}

function doorOf(sender: string, scope: string): string | undefined {
  const door = /\.for(?:All)?\((.*)\)$/s;
  return (door.exec(sender) ?? door.exec(constIn(scope, sender) ?? ''))?.[1]?.trim();
}

/** The arguments of a call, from behind its bracket. */
function argumentsAt(code: string, start: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let begin = start;
  for (let at = start; at < code.length; at += 1) {
    const letter = code[at] ?? '';
    if (`'"\``.includes(letter)) at = code.indexOf(letter, at + 1);
    else if ('([{'.includes(letter)) depth += 1;
    else if (')]}'.includes(letter)) depth -= 1;
    if (depth < 0 || (depth === 0 && letter === ',')) {
      found.push(code.slice(begin, at).trim());
      begin = at + 1;
    }
    if (depth < 0) break;
  }
  return found;
}

function literalOf(argument: string): string | undefined {
  return /^(['"`])(.*)\1$/s.exec(argument)?.[2];
}

/** The texts that a file gives names to, also inside of `readOf` and of writes. */
export function constantsIn(text: string): [string, string][] {
  const declarations = withoutComments(text).matchAll(/^(?:export )?const (\w+)\b[^=\n]*=\s([\s\S]*?);$/gm);
  return [...declarations].map((match) => [match[1] ?? '', match[2] ?? '']);
}
