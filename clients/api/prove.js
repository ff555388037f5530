// A DPoP proof (RFC 9449) for one request, from the key in dpop-key.pem, which is made when it is not there:
//   node prove.js METHOD ADDRESS [TOKEN]
// Keep the key as you keep a secret. Needs Node.js 20 or later and nothing else.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = process.env.DPOP_KEY ?? 'dpop-key.pem';
const [method = 'GET', address = '', token] = process.argv.slice(2);

if (!existsSync(file)) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}
const key = createPrivateKey(readFileSync(file));
const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const head = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
const body = encode({
  jti: randomUUID(),
  htm: method,
  htu: address.split(/[?#]/)[0],
  iat: Math.floor(Date.now() / 1000),
  ...(token && { ath: createHash('sha256').update(token).digest('base64url') }),
});
const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
process.stdout.write(`${head}.${body}.${signature.toString('base64url')}\n`);
