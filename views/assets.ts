import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** A file the pages load, ready to send: compressed once, when first asked for; its name changes with its content. */
export type Asset = {
  path: string;
  contentType: string;
  /** A quoted strong entity tag. */
  etag: string;
  body: Buffer;
  readonly brotli: Buffer;
  readonly gzip: Buffer;
};

export type AssetName =
  | 'lawang.css'
  | 'more.css'
  | 'console.css'
  | 'chart.css'
  | 'receipt.css'
  | 'print.css'
  | 'passkey.js'
  | 'quiet.js'
  | 'code.js'
  | 'copy.js'
  | 'likely.js'
  | 'keypair.js'
  | 'square.js'
  | 'mark.svg'
  | 'arches.svg';

const contentTypes: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const folder = new URL('./assets/', import.meta.url);
const assets = readAssets();
const assetsByPath = new Map([...assets.values()].map((asset) => [asset.path, asset]));

/** Where a page finds an asset. May be cached for ever: other content gets another path. */
export function assetPath(name: AssetName): string {
  const asset = assets.get(name);
  if (!asset) throw new Error(`views/assets has no ${name}`);
  return asset.path;
}

/** The asset that lives at a path of this server, if one does. */
export function findAsset(path: string): Asset | undefined {
  return assetsByPath.get(path);
}

/** What names another comes after it, because its path must be known by then: a style sheet after pictures. */
function readAssets(): Map<string, Asset> {
  const read = new Map<string, Asset>();
  const isStyle = (name: string): boolean => name.endsWith('.css');
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ name }) => name).sort((a, b) => Number(isStyle(a)) - Number(isStyle(b)));
  for (const name of names) {
    read.set(name, packAsset(name, nameReferences(withParts(readSource(name)), read)));
  }
  return read;
}

function readSource(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

/** A style sheet of many subjects is written in a file for each, and travels as one. */
function withParts(source: string): string {
  return source.replace(/^@import "([^"]+)";$/gm, (_, name: string) => readSource(name));
}

/** Pictures of a style sheet, and what a script imports. */
function nameReferences(source: string, known: Map<string, Asset>): string {
  const pathOf = (name: string): string => {
    const asset = known.get(name);
    if (!asset) throw new Error(`an asset names ${name}, which views/assets does not have`);
    return asset.path;
  };
  return source
    .replace(/url\("([^"]+)"\)/g, (_, name: string) => `url("${pathOf(name)}")`)
    .replace(/ from '\.\/([^']+)'/g, (_, name: string) => ` from '${pathOf(name)}'`);
}

function packAsset(name: string, content: string): Asset {
  const [stem, extension = ''] = name.split('.');
  const contentType = contentTypes[extension];
  if (!contentType) throw new Error(`views/assets/${name} is of a kind nobody serves`);
  const body = Buffer.from(squeeze(extension, content));
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  let brotli: Buffer | undefined;
  let gzip: Buffer | undefined;
  return {
    path: `/assets/${stem}.${hash}.${extension}`,
    contentType,
    etag: `"${hash}"`,
    body,
    get brotli() {
      brotli ??= brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
      return brotli;
    },
    get gzip() {
      gzip ??= gzipSync(body, { level: 9 });
      return gzip;
    },
  };
}

/** Comments and indentation are for us, not for a phone on 2G. */
function squeeze(extension: string, content: string): string {
  if (extension === 'css') return squeezeStyle(content);
  return extension === 'js' ? content.replace(/^ *(\/\/.*)?\n?/gm, '') : content;
}

function squeezeStyle(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .trim();
}
