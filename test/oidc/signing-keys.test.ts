import { createLocalJWKSet, flattenedVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { newSigningKey, SigningKey } from '#src/oidc/signing-keys.ts';

describe.each(['ES256', 'RS256'])('%s', (algorithm) => {
  test('what it signs verifies by the public half that is stored', async () => {
    const made = await newSigningKey(algorithm);
    const key = new SigningKey({ ...made, algorithm });
    expect(key).toMatchObject({ kid: made.id, alg: algorithm, use: 'sig' });
    const header = Buffer.from(JSON.stringify({ alg: algorithm, kid: made.id })).toString('base64url');
    const signature = Buffer.from(key.sign(Buffer.from(`${header}.eA`))).toString('base64url');
    const publicKeys = createLocalJWKSet({ keys: [made.publicJwk ?? {}] as never });
    const { payload } = await flattenedVerify({ protected: header, payload: 'eA', signature }, publicKeys);
    expect(Buffer.from(payload).toString()).toBe('x');
  });

  test('its public half is all that it shows', async () => {
    const made = await newSigningKey(algorithm);
    const key = new SigningKey({ ...made, algorithm });
    expect(key.keyObject().type).toBe('public');
    expect(key.keyObject().export({ format: 'jwk' })).toEqual(
      Object.fromEntries(
        Object.entries(made.publicJwk ?? {}).filter(([name]) => !['kid', 'alg', 'use'].includes(name)),
      ),
    );
    expect(JSON.stringify(key)).not.toContain(JSON.parse(made.secret.toString()).d);
  });
});
