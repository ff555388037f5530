/**
 * Drawings that strangers send, made harmless: only shapes, colours and gradients are written anew, everything else (scripts,
 * styles, links, other documents) is left out. What is no well-formed drawing is refused.
 */
import { SaxesParser } from 'saxes';

const MOST_ELEMENTS = 5_000;
const SVG = 'http://www.w3.org/2000/svg';

/** `use` is not among them: a few that refer to one another are drawn millions of times. */
const elements: ReadonlySet<string> = new Set([
  ...['svg', 'g', 'defs', 'title', 'desc', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon'],
  ...['linearGradient', 'radialGradient', 'stop', 'clipPath', 'mask', 'text', 'tspan'],
]);

const attributes: ReadonlySet<string> = new Set([
  ...['id', 'viewBox', 'preserveAspectRatio', 'width', 'height', 'x', 'y', 'x1', 'y1', 'x2', 'y2', 'cx', 'cy', 'r'],
  ...['rx', 'ry', 'fx', 'fy', 'd', 'points', 'transform', 'fill', 'fill-rule', 'fill-opacity', 'stroke', 'opacity'],
  ...['stroke-width', 'stroke-linecap', 'stroke-linejoin', 'stroke-miterlimit', 'stroke-dasharray', 'stroke-opacity'],
  ...['offset', 'stop-color', 'stop-opacity', 'gradientUnits', 'gradientTransform', 'spreadMethod', 'clip-path'],
  ...['clip-rule', 'clipPathUnits', 'mask', 'maskUnits', 'maskContentUnits', 'font-size', 'font-weight', 'text-anchor'],
]);

/** A reference leads into the drawing itself, or it is left out. */
const harmless = /^(?!.*(?:javascript|data)\s*:)(?:(?!url\s*\()[^<>&\\]|url\(#[\w-]+\))*$/is;

/** The drawing as it may be shown; undefined when it is none. */
export function cleanSvg(source: string): string | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const written: string[] = [];
  let skipped = 0;
  let count = 0;
  let isBroken = false;
  parser.on('error', () => {
    isBroken = true;
  });
  // Entities are declared in one, and a browser would fetch it.
  parser.on('doctype', () => {
    isBroken = true;
  });
  parser.on('opentag', (tag) => {
    count += 1;
    if (count === 1 && (tag.uri !== SVG || tag.local !== 'svg')) isBroken = true;
    if (skipped > 0 || tag.uri !== SVG || !elements.has(tag.local)) {
      skipped += 1;
      return;
    }
    const all = Object.values(tag.attributes).filter(({ uri }) => uri === '');
    const plain = all.filter(({ local }) => local !== 'style').map(({ local, value }) => [local, value] as const);
    const styled = all.filter(({ local }) => local === 'style').flatMap(({ value }) => declarationsIn(value));
    const kept = new Map([...plain, ...styled].filter(([name, value]) => attributes.has(name) && harmless.test(value)));
    const root = count === 1 ? ` xmlns="${SVG}"` : '';
    written.push(`<${tag.local}${root}${[...kept].map(([name, value]) => ` ${name}="${asText(value)}"`).join('')}>`);
  });
  parser.on('closetag', (tag) => {
    if (skipped > 0) skipped -= 1;
    else written.push(`</${tag.local}>`);
  });
  parser.on('text', (text) => {
    if (skipped === 0) written.push(asText(text));
  });
  const read = parser.write.bind(parser);
  for (let at = 0; at < source.length && !isBroken && count <= MOST_ELEMENTS; at += 4_096)
    read(source.slice(at, at + 4_096));
  if (!isBroken) parser.close();
  return isBroken || count === 0 || count > MOST_ELEMENTS ? undefined : written.join('');
}

/** What a `style` says, for the attributes of the same name. */
function declarationsIn(style: string): (readonly [string, string])[] {
  return style.split(';').flatMap((declaration) => {
    const [name, value] = declaration.split(/:(.*)/s);
    return name && value ? [[name.trim(), value.trim()] as const] : [];
  });
}

function asText(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
