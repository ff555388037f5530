import type { Frame, Service } from './page.ts';
import type { PasskeyOptions } from './parts/passkey.ts';

/** The frame that the samples of all pages share: Bahasa Indonesia, sandbox, on the way to the health app. */
export const sampleFrame: Frame = {
  language: 'id',
  brand: 'Lawang',
  sandbox: true,
  languageLinks: { id: '?lang=id', en: '?lang=en' },
  csrf: 'sample-token',
  helpLink: '/help',
  privacyLink: '/privacy',
};

export const sampleService: Service = {
  name: 'Puskesmas Online',
  agency: 'Kementerian Kesehatan',
  domain: 'puskesmas.contoh.go.id',
  home: 'http://localhost:3001/',
};

/** A frame in the middle of an interaction. */
export const serviceFrame: Frame = { ...sampleFrame, service: sampleService };

/** A name that tries everything a hostile registration could. */
export const hostileText = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202e{name}`;

export const sampleRequestOptions: PasskeyOptions = {
  challenge: 'c2FtcGxlLWNoYWxsZW5nZQ',
  rpId: 'localhost',
  timeout: 300000,
  userVerification: 'required',
};

export const sampleCreationOptions: PasskeyOptions = {
  challenge: 'c2FtcGxlLWNoYWxsZW5nZQ',
  rp: { id: 'localhost', name: 'Lawang' },
  user: { id: 'c2FtcGxlLWFjY291bnQ', name: 'siti@contoh.id', displayName: 'Siti Rahayu' },
  pubKeyCredParams: [
    { type: 'public-key', alg: -7 },
    { type: 'public-key', alg: -257 },
  ],
  authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
};
