/** A piece of markup in which everything that came from outside is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | undefined | false | readonly Content[];

/** Escapes every value but markup made by itself; lists are joined, nothing becomes nothing. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(parts.map((part, i) => part + render(values[i])).join(''));
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content !== 'string') return content.map(render).join('');
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
