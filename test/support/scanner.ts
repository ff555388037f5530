/** What a phone reads in a picture (zxing-cpp), from what is installed: nothing is fetched. */
import { readFile } from 'node:fs/promises';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

let ready: Promise<unknown> | undefined;

async function prepare(): Promise<void> {
  const wasm = await readFile(new URL(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')));
  await prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer }, fireImmediately: true });
}

/** The squares in a PNG: what each says, and its version (ISO/IEC 18004), which tells how dense it is. */
export async function scan(png: Uint8Array): Promise<{ text: string; version: number }[]> {
  ready ??= prepare();
  await ready;
  const found = await readBarcodes(png, { formats: ['QRCode'], tryHarder: true });
  return found.filter(({ isValid }) => isValid).map(({ text, version }) => ({ text, version: Number(version) }));
}
