/** A receipt of a fictitious permission. */
import type { Receipt } from '#src/consents/receipts.ts';

export const sampleContent: Receipt = {
  iss: 'https://masuk.contoh.go.id',
  sub: 'Hk1pairwise',
  jti: 'tanda-terima-1',
  schema_version: 'ISO/IEC TS 27560:2023',
  record_id: 'izin-1',
  form: 'full',
  language: 'id',
  purposes: [
    {
      purpose: 'Mendaftar antrean puskesmas.',
      purpose_version: 'ASNFZ4mrze8BI0VniavN7w',
      lawful_basis: 'consent',
      services: [{ service_id: 'puskesmas-online', service_name: 'Puskesmas Online' }],
      pii_information: [
        { pii_attribute_id: 'phone_number', pii_optional: true, purpose: 'Mengabari giliran Anda.', law: 'UU 1/2020' },
      ],
      pii_declined: ['address'],
      pii_controllers: ['kemenkes'],
      withdrawal_method: 'https://masuk.contoh.go.id/account/apps/puskesmas-online',
    },
  ],
  parties: [
    {
      party_id: 'kemenkes',
      party_name: 'Kementerian Kesehatan',
      party_role: 'pii_controller',
      party_url: 'https://kemenkes.contoh.go.id',
    },
  ],
  events: [
    {
      event_type: 'given',
      event_state: 'active',
      event_time: '2026-11-26T03:12:00.000Z',
      valid_until: '2027-11-26T03:12:00.000Z',
      acr: 'aal2',
      amr: ['pop'],
    },
  ],
};
