/**
 * Values that are looked for where they must not be: each as it is and in every spelling that a program may give it on its
 * way into a row, a file or a line.
 */
export class Traces {
  readonly #spellings = new Map<string, { readonly what: string; readonly bytes: Buffer }>();
  readonly #values = new Set<string>();

  /** What is looked for from now on; values that are too short to be told from chance are refused. */
  remember(what: string, value: string | Buffer | undefined): void {
    if (value === undefined || value.length < 6) throw new Error(`${what} is too short to be looked for`);
    this.#values.add(what);
    for (const [spelling, bytes] of spellingsOf(value)) {
      const key = bytes.toString('latin1');
      if (!this.#spellings.has(key)) this.#spellings.set(key, { what: `${what}, ${spelling}`, bytes });
    }
  }

  /** How many values are looked for. */
  get size(): number {
    return this.#values.size;
  }

  /** What is found, in words. */
  in(place: string | Buffer): string[] {
    const haystack = Buffer.isBuffer(place) ? place : Buffer.from(place);
    const found = [...this.#spellings.values()].filter(({ bytes }) => haystack.includes(bytes));
    return found.map(({ what }) => what);
  }
}

/** Bytes have no letters: their spellings are hexadecimal and base64. */
function spellingsOf(value: string | Buffer): [string, Buffer][] {
  const bytes = Buffer.from(value);
  const encoded: [string, Buffer][] = [
    ['as it is', bytes],
    ['in hexadecimal', Buffer.from(bytes.toString('hex'))],
    ...inBase64(bytes),
  ];
  if (Buffer.isBuffer(value)) return encoded;
  const texts: [string, string][] = [
    ['in small letters', value.toLowerCase()],
    ['in capitals', value.toUpperCase()],
    ['for an address', encodeURIComponent(value)],
    ['for a form', new URLSearchParams({ v: value }).toString().slice(2)],
    ['in HTML', value.replaceAll('&', '&amp;').replaceAll("'", '&#39;').replaceAll('"', '&quot;')],
    [
      'in JSON without accents',
      JSON.stringify(value)
        .slice(1, -1)
        .replace(/[\u007f-\uffff]/g, escaped),
    ],
    ['taken apart', value.normalize('NFD')],
  ];
  const wide: [string, Buffer] = ['in two bytes a letter', Buffer.from(value, 'utf16le')];
  return [...encoded, wide, ...texts.map(([how, text]): [string, Buffer] => [how, Buffer.from(text)])];
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** What of the value's base64 does not depend on what stands beside it, at each of the three places it may begin at. */
function inBase64(bytes: Buffer): [string, Buffer][] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const begin = Math.ceil((before * 4) / 3);
    const end = Math.floor((padded.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((alphabet): [string, Buffer] => [
      `in ${alphabet} from place ${before}`,
      Buffer.from(padded.toString(alphabet).slice(begin, end)),
    ]);
  });
}
