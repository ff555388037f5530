/** What a browser shows and what one can do there, read from HTML as a browser without JavaScript reads it. */
import { type DefaultTreeAdapterMap, defaultTreeAdapter, parse } from 'parse5';

type Element = DefaultTreeAdapterMap['element'];
type ParentNode = DefaultTreeAdapterMap['parentNode'];

/** One request of a browser, before its redirects are followed. */
export interface Wanted {
  method: 'GET' | 'POST';
  url: URL;
  /** Of a POST. */
  form?: URLSearchParams;
  /** Of a form that is sent as `multipart/form-data`: what stands for its fields of files, by name. */
  files?: ReadonlyMap<string, File>;
  /** `Origin` of a POST. */
  origin?: string;
}

/** One request and its answer on the way to a page. */
export interface Hop {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly form: URLSearchParams | undefined;
  /** 0: the browser stopped here and asked nobody; see `BrowserAgent.stopAt`. */
  readonly status: number;
  readonly location: string | undefined;
}

type Submit = (wanted: Wanted) => Promise<Page>;

/**
 * A page as it was when it was opened. It stays usable while the browser moves on: pressing a button on an old page is
 * what the back button and a second tab do.
 *
 * Selectors are simple ones joined by spaces: `#id`, `tag`, `.class`, `[attribute]`, `[attribute=value]` and their
 * compounds, such as `[data-client=pajak-daerah] button.disconnect`.
 */
export class Page {
  /** How the browser came here; the last one is this page. */
  readonly hops: readonly Hop[];
  readonly url: URL;
  /** 0 when the browser stopped at an address that it was told not to ask. */
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly #submit: Submit;
  readonly #document: ParentNode;
  readonly #chosen = new Map<string, File>();

  constructor(hops: readonly Hop[], answer: { status: number; headers: Headers; body: string }, submit: Submit) {
    const last = hops.at(-1);
    if (!last) throw new Error('a page is reached by at least one request');
    this.hops = hops;
    this.url = last.url;
    this.status = answer.status;
    this.headers = answer.headers;
    this.html = answer.body;
    this.#submit = submit;
    this.#document = parse(answer.body, { scriptingEnabled: false });
  }

  has(selector: string): boolean {
    return this.#find(selector) !== undefined;
  }

  count(selector: string): number {
    return this.#select(selector).length;
  }

  /** The text a reader sees, white space folded; without a selector, of the whole page. Fails when there is none such. */
  text(selector = 'body'): string {
    return textOf(this.#get(selector));
  }

  texts(selector: string): string[] {
    return this.#select(selector).map(textOf);
  }

  attribute(selector: string, name: string): string | undefined {
    return attributeOf(this.#get(selector), name);
  }

  attributes(selector: string, name: string): string[] {
    return this.#select(selector).flatMap((element) => attributeOf(element, name) ?? []);
  }

  /** What the script of a page would read from `<script type="application/json" id="…">`. */
  json<Data>(selector: string): Data {
    return JSON.parse(contentOf(this.#get(selector))) as Data;
  }

  /** What a field holds, typed or given; for a choice, undefined when nothing is chosen. */
  value(name: string): string | undefined {
    const field = this.#fields(name).find((each) => !isTickBox(each) || isTicked(each));
    return field && fieldValue(field);
  }

  /** Types into fields by name, hidden ones too: a script may. Fails for a field that the page does not have. */
  fill(values: Readonly<Record<string, string>>): this {
    for (const [name, value] of Object.entries(values)) {
      const [field] = this.#fields(name).filter((each) => !isTickBox(each));
      if (!field) throw this.#missing(`field ${name}`);
      setAttribute(field, TYPED, value);
    }
    return this;
  }

  /** Chooses a file for a field of files. */
  choose(name: string, file: File): this {
    if (!this.#fields(name).some(isFileField)) throw this.#missing(`field of files ${name}`);
    this.#chosen.set(name, file);
    return this;
  }

  /** Ticks a box or a radio button; without a value the first of that name. */
  tick(name: string, value?: string): this {
    setAttribute(this.#tickBox(name, value), 'checked', '');
    return this;
  }

  untick(name: string, value?: string): this {
    const box = this.#tickBox(name, value);
    box.attrs = box.attrs.filter((attribute) => attribute.name !== 'checked');
    return this;
  }

  /** Presses a submit button: sends its form with the button's own name and value. */
  press(selector: string): Promise<Page> {
    const button = this.#get(selector);
    const form = this.#formOf(button);
    if (!form) throw this.#missing(`form around ${selector}`);
    return this.#send(form, button);
  }

  /** Sends a form without pressing a button, as an automatic submission does. */
  submit(selector = 'form'): Promise<Page> {
    return this.#send(this.#get(selector), undefined);
  }

  /** Follows a link by selector or by its words. */
  follow(link: string | { text: string }): Promise<Page> {
    const element =
      typeof link === 'string' ? this.#get(link) : this.#select('a').find((each) => textOf(each).includes(link.text));
    const target = element && attributeOf(element, 'href');
    if (target === undefined) throw this.#missing(`link ${JSON.stringify(link)}`);
    return this.#submit({ method: 'GET', url: new URL(target, this.url) });
  }

  #send(form: Element, button: Element | undefined): Promise<Page> {
    const url = new URL(attributeOf(form, 'action') || this.url.href, this.url);
    const entries = new URLSearchParams(this.#entries(form, button));
    if (attributeOf(form, 'method')?.toLowerCase() !== 'post') {
      url.search = entries.toString();
      return this.#submit({ method: 'GET', url });
    }
    const wanted: Wanted = { method: 'POST', url, form: entries, origin: this.#originFor(url) };
    const isMultipart = attributeOf(form, 'enctype')?.toLowerCase() === 'multipart/form-data';
    return this.#submit(isMultipart ? { ...wanted, files: this.#filesOf(form) } : wanted);
  }

  /** A field of files that was left empty sends an empty file without a name. */
  #filesOf(form: Element): ReadonlyMap<string, File> {
    const fields = this.#select('input').filter((field) => isFileField(field) && this.#formOf(field) === form);
    const names = fields.flatMap((field) => attributeOf(field, 'name') ?? []);
    const none = new File([], '', { type: 'application/octet-stream' });
    return new Map(names.map((name) => [name, this.#chosen.get(name) ?? none]));
  }

  /** The entry list of HTML §4.10.21.4, in tree order. */
  #entries(form: Element, button: Element | undefined): [string, string][] {
    return this.#select('input,select,textarea,button')
      .filter((field) => this.#formOf(field) === form && attributeOf(field, 'disabled') === undefined)
      .filter((field) => (isButton(field) ? field === button : !isTickBox(field) || isTicked(field)))
      .flatMap((field): [string, string][] => {
        const name = attributeOf(field, 'name');
        return name ? [[name, fieldValue(field) ?? '']] : [];
      });
  }

  /** Referrer policies that withhold the address make browsers send `Origin: null`. Fetch §3.2, "append a request Origin header". */
  #originFor(target: URL): string {
    const policy = this.headers.get('referrer-policy')?.split(',').at(-1)?.trim();
    if (policy === 'no-referrer') return 'null';
    return policy === 'same-origin' && target.origin !== this.url.origin ? 'null' : this.url.origin;
  }

  #formOf(element: Element): Element | undefined {
    const id = attributeOf(element, 'form');
    if (id !== undefined) return this.#find(`[id="${id}"]`);
    for (let node: ParentNode | null = element; node; node = 'parentNode' in node ? node.parentNode : null)
      if (isElement(node) && node.tagName === 'form') return node;
    return undefined;
  }

  #fields(name: string): Element[] {
    return this.#select('input,select,textarea').filter((field) => attributeOf(field, 'name') === name);
  }

  #tickBox(name: string, value: string | undefined): Element {
    const boxes = this.#fields(name).filter(isTickBox);
    const box = boxes.find((each) => value === undefined || fieldValue(each) === value);
    if (!box) throw this.#missing(`box ${name} ${value ?? ''}`);
    return box;
  }

  #select(selector: string): Element[] {
    return elementsOf(this.#document).filter((element) => selector.split(',').some((each) => matches(element, each)));
  }

  #find(selector: string): Element | undefined {
    return this.#select(selector)[0];
  }

  #get(selector: string): Element {
    const element = this.#find(selector);
    if (!element) throw this.#missing(selector);
    return element;
  }

  /** Says where one is and what there is, so that a failing journey explains itself. */
  #missing(what: string): Error {
    const ids = this.#select('[id]').map((element) => `#${attributeOf(element, 'id')}`);
    const names = this.#select('[name]').map((element) => attributeOf(element, 'name'));
    const body = this.#find('body');
    const says = body ? textOf(body).slice(0, 400) : '';
    return new Error(
      `no ${what} at ${this.url.origin}${this.url.pathname} (${this.status})\nids: ${ids.join(' ')}\nnames: ${names.join(' ')}\nsays: ${says}`,
    );
  }
}

/** Where what was typed is kept on the element; no page can have an attribute of this name. */
const TYPED = '\0typed';

function isElement(node: DefaultTreeAdapterMap['node']): node is Element {
  return defaultTreeAdapter.isElementNode(node);
}

function elementsOf(node: ParentNode): Element[] {
  return node.childNodes.flatMap((child) => (isElement(child) ? [child, ...elementsOf(child)] : []));
}

function attributeOf(element: Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}

function setAttribute(element: Element, name: string, value: string): void {
  element.attrs = [...element.attrs.filter((attribute) => attribute.name !== name), { name, value }];
}

function contentOf(node: ParentNode): string {
  return node.childNodes
    .map((child) => ('value' in child ? child.value : 'childNodes' in child ? contentOf(child) : ''))
    .join('');
}

function textOf(element: Element): string {
  return visibleText(element).replace(/\s+/g, ' ').trim();
}

function visibleText(node: ParentNode): string {
  return node.childNodes
    .map((child) => {
      if ('value' in child) return child.value;
      if (!isElement(child) || ['script', 'style', 'template', 'title'].includes(child.tagName)) return '';
      const text = visibleText(child);
      return inline.has(child.tagName) ? text : ` ${text} `;
    })
    .join('');
}

const inline = new Set(['a', 'abbr', 'b', 'bdi', 'code', 'em', 'i', 'mark', 'small', 'span', 'strong', 'time', 'wbr']);

function isButton(element: Element): boolean {
  const type = attributeOf(element, 'type')?.toLowerCase();
  if (element.tagName === 'button') return type === undefined || type === 'submit';
  return element.tagName === 'input' && ['submit', 'image', 'button', 'reset'].includes(type ?? '');
}

function isTickBox(element: Element): boolean {
  return ['checkbox', 'radio'].includes(attributeOf(element, 'type')?.toLowerCase() ?? '');
}

function isFileField(element: Element): boolean {
  return element.tagName === 'input' && attributeOf(element, 'type')?.toLowerCase() === 'file';
}

function isTicked(element: Element): boolean {
  return attributeOf(element, 'checked') !== undefined;
}

function fieldValue(element: Element): string | undefined {
  const typed = attributeOf(element, TYPED);
  if (typed !== undefined) return typed;
  if (element.tagName === 'textarea') return contentOf(element);
  if (element.tagName !== 'select') return attributeOf(element, 'value') ?? (isTickBox(element) ? 'on' : '');
  const options = elementsOf(element).filter(({ tagName }) => tagName === 'option');
  const chosen = options.find((option) => attributeOf(option, 'selected') !== undefined) ?? options[0];
  return chosen && (attributeOf(chosen, 'value') ?? textOf(chosen));
}

/** Whether the last compound fits the element and the ones before it fit its ancestors, in order. */
function matches(element: Element, selector: string): boolean {
  const compounds = selector.trim().split(/\s+(?![^[]*\])/);
  const last = compounds.pop();
  if (!last || !matchesCompound(element, last)) return false;
  for (let node = element.parentNode; node && compounds.length > 0; node = isElement(node) ? node.parentNode : null)
    if (isElement(node) && matchesCompound(node, compounds.at(-1) ?? '')) compounds.pop();
  return compounds.length === 0;
}

function matchesCompound(element: Element, compound: string): boolean {
  const parts = compound.match(/[#.]?[\w-]+|\[[^\]]+\]/g) ?? [];
  if (parts.join('') !== compound) throw new Error(`not a simple selector: ${compound}`);
  return parts.every((part) => {
    if (part.startsWith('#')) return attributeOf(element, 'id') === part.slice(1);
    if (part.startsWith('.')) return attributeOf(element, 'class')?.split(/\s+/).includes(part.slice(1)) ?? false;
    if (!part.startsWith('[')) return element.tagName === part;
    const [, name = '', value] = /^\[([\w:-]+)(?:="?([^"]*)"?)?\]$/.exec(part) ?? [];
    const actual = attributeOf(element, name);
    return value === undefined ? actual !== undefined : actual === value;
  });
}
