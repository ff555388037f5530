/** A square says to a phone what it was given, and none is so dense that an older phone gives up. */
import { expect, test } from 'vitest';
import { scan } from '#test/support/scanner.ts';
import { qrCode, SQUARE_BYTES } from '#views/parts/qr.ts';

const pngIn = (drawn: string) => Buffer.from(/src="data:image\/png;base64,([^"]+)"/.exec(drawn)?.[1] ?? '', 'base64');

test.each([40, 200, 997, 998, SQUARE_BYTES])('of %i characters', async (length) => {
  const start = 'https://masuk.contoh.go.id/receipts/verify#';
  const text = start.padEnd(length, 'eyJhbGciOiJFUzI1NiJ9-_').slice(0, length);
  const [read, ...others] = await scan(pngIn(qrCode(text, 'x').toString()));
  expect([read?.text, others]).toEqual([text, []]);
  expect(read?.version).toBeLessThanOrEqual(25);
});

test('with more it is not drawn', () => {
  expect(() => qrCode('x'.repeat(SQUARE_BYTES + 1), 'x')).toThrow();
});
